import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { CannotStart, ExitCode } from '../../programs/exit.js';
import { addExamples } from '../help.js';
import { addDoorOptions, type Door, type DoorOptions, OperationRefused, openDoor } from './door.js';

/** Options of every operator command. */
export interface Common extends DoorOptions {
  json?: boolean;
  yes?: boolean;
}

/** A command that sends a request to the RA. It exits with 1 when the RA refuses. */
export function operatorCommand<Options extends Common>(
  usage: string,
  description: string,
  examples: [string, string][],
  work: (door: Door, options: Options, argument: string) => Promise<void>,
  build: (command: Command) => Command = (command) => command,
): Command {
  const command = build(addDoorOptions(new Command(usage.split(' ')[0]).description(description)));
  for (const argument of usage.split(' ').slice(1)) command.argument(argument);
  addExamples(command, examples);
  return command.action(async (...given: unknown[]) => {
    const argument = typeof given[0] === 'string' ? given[0] : '';
    const options = command.opts<Options>();
    const door = await openDoor(options);
    try {
      await work(door, options, argument);
    } catch (error) {
      if (!(error instanceof OperationRefused)) throw error;
      process.stderr.write(`uPKI: ${error.message}\n`);
      process.exitCode = ExitCode.failure;
    } finally {
      await door.close();
    }
  });
}

/**
 * Asks for confirmation unless `--yes` was given. Without a terminal this is an error.
 * @throws CannotStart
 */
export async function confirmed(question: string, { yes }: Common): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) throw new CannotStart(`${question} Give --yes to skip this question.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

/** A query string `?a=b&…` of the defined values. */
export function query(values: Record<string, string | number | boolean | undefined>): string {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return known.length === 0
    ? ''
    : `?${new URLSearchParams(known.map(([name, value]): [string, string] => [name, String(value)]))}`;
}

/** Reads all pages of a listing, up to `most` items. */
export async function pages(
  door: Door,
  path: string,
  conditions: Record<string, string | number | boolean | undefined>,
  member: string,
  most: number,
  // biome-ignore lint/suspicious/noExplicitAny: the type of items differs between listings
): Promise<any[]> {
  // biome-ignore lint/suspicious/noExplicitAny: see above
  const all: any[] = [];
  for (let cursor: string | undefined; ; ) {
    const limit = Math.min(500, most - all.length);
    const { data } = await door.ask('GET', `${path}${query({ ...conditions, limit, cursor })}`);
    all.push(...data[member]);
    if (data.next === null || all.length >= most) return all.slice(0, most);
    cursor = data.next;
  }
}
