import { createInterface } from 'node:readline/promises';
import { ExitCode, WrongUsage } from '../../programs/exit.js';
import { UpkiCommand } from '../command.js';
import { jsonText, print, warn } from '../print.js';
import { addDoorOptions, type Door, type DoorOptions, OperationRefused, openDoor } from './door.js';

/** Options of every operator command. */
export interface Common extends DoorOptions {
  json?: boolean;
  yes?: boolean;
}

/** A command that sends a request to the RA. */
interface Operation<Options extends Common, Data> {
  /** Name and argument: `show <account>`. */
  usage: string;
  description: string;
  examples: [commandLine: string, what: string][];
  /** Adds the options of this command. */
  options?(command: UpkiCommand): UpkiCommand;
  /** Sends the request and returns what `--json` prints; null when the operator did not confirm it. */
  ask(door: Door, options: Options, argument: string): Promise<Data | null>;
  /** The same for people. */
  text(data: Data): string | Uint8Array;
}

/** A command that sends a request to the RA. It exits with 1 when the RA refuses. */
export function operatorCommand<Options extends Common, Data>({
  usage,
  description,
  examples,
  options: build = (command) => command,
  ask,
  text,
}: Operation<Options, Data>): UpkiCommand {
  const [name, ...wanted] = usage.split(' ');
  const command = build(addDoorOptions(new UpkiCommand(name).description(description).examples(examples)));
  for (const argument of wanted) command.argument(argument);
  return command.action(async (...given: unknown[]) => {
    const argument = typeof given[0] === 'string' ? given[0] : '';
    const options = command.opts<Options>();
    const door = await openDoor(options);
    try {
      const data = await ask(door, options, argument);
      if (data !== null) print(options.json ? jsonText(data) : text(data));
    } catch (error) {
      if (!(error instanceof OperationRefused)) throw error;
      warn(error.message);
      process.exitCode = ExitCode.failure;
    } finally {
      await door.close();
    }
  });
}

/**
 * Asks for confirmation unless `--yes` was given. Without a terminal this is an error.
 * @throws WrongUsage
 */
export async function confirmed(question: string, { yes }: Common): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) throw new WrongUsage(`${question} Give --yes to skip this question.`);
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

/** Reads all pages of a listing, such as `accounts`, up to `most` items. */
export async function pages(
  door: Door,
  listing: string,
  conditions: Record<string, string | number | boolean | undefined>,
  most: number,
  // biome-ignore lint/suspicious/noExplicitAny: the type of items differs between listings
): Promise<any[]> {
  // biome-ignore lint/suspicious/noExplicitAny: see above
  const all: any[] = [];
  for (let cursor: string | undefined; ; ) {
    const limit = Math.min(500, most - all.length);
    const { data } = await door.ask('GET', `/private/${listing}${query({ ...conditions, limit, cursor })}`);
    all.push(...data[listing]);
    if (data.next === null || all.length >= most) return all.slice(0, most);
    cursor = data.next;
  }
}
