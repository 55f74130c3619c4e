import { spawn } from 'node:child_process';
import { appendFile } from 'node:fs/promises';

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Receives the command line and all output. */
  log?: string;
  /** Milliseconds after which the command is killed and has failed. */
  timeout?: number;
  input?: string;
}

/** Milliseconds that a program gets to end after it was asked to. */
const STOP_LIMIT = 5_000;

/** A command that exited with a code other than 0, or did not end. */
export class CommandFailed extends Error {}

/**
 * Runs a command and returns its standard output.
 * @throws CommandFailed with the end of its output
 */
export async function run(command: string, args: string[], options: CommandOptions = {}): Promise<string> {
  const { cwd, env, log, timeout = 60_000, input = '' } = options;
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
  const output: string[] = [];
  const errors: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  child.stdin.on('error', () => undefined).end(input);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeout);
  const ending = await new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? null : `ended with ${signal ?? code}`));
  });
  clearTimeout(timer);
  const said = [...output, ...errors].join('');
  if (log) await appendFile(log, `$ ${command} ${args.join(' ')}\n${said}\n`);
  if (ending === null) return output.join('');
  const why = late ? `not done after ${timeout / 1000} s` : ending;
  throw new CommandFailed(`${command} ${why}:\n${lastLines(said, 25)}`);
}

/** A program that runs until it is stopped. */
export interface Background {
  pid: number;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts a server program; its output goes to the log. */
export function start(command: string, args: string[], options: CommandOptions = {}): Background {
  const { cwd, env, log } = options;
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const keep = (text: string | Buffer) => void (log && appendFile(log, text));
  child.once('error', (error) => keep(`${command}: ${error.message}\n`));
  for (const stream of [child.stdout, child.stderr]) stream.on('data', keep);
  keep(`$ ${command} ${args.join(' ')} &\n`);
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT);
      await ended;
      clearTimeout(late);
    },
  };
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
