import { spawn } from 'node:child_process';
import { appendFile } from 'node:fs/promises';

export interface CommandOptions {
  cwd?: string | undefined;
  /** Added to the inherited environment. */
  env?: NodeJS.ProcessEnv;
  /** Receives the command line and all output. */
  log?: string;
  /** Milliseconds after which the command is killed and has failed. */
  timeout?: number | undefined;
  input?: string | undefined;
}

/** A command that exited with a code other than 0, or did not end. */
export class CommandFailed extends Error {}

/** How a command ended. */
export interface Outcome {
  /** Its exit code; null after a signal. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** It was killed at the time limit. */
  late: boolean;
  stdout: string;
  stderr: string;
}

export interface OutcomeOptions extends Pick<CommandOptions, 'cwd' | 'timeout' | 'input'> {
  /** The whole environment. */
  env: NodeJS.ProcessEnv;
}

/**
 * Runs a command until it and all programs that share its output have ended, whatever its exit code. SIGKILL ends it
 * after `timeout` milliseconds. Rejects if it cannot be started.
 */
export function outcomeOf(
  command: string,
  args: readonly string[],
  { cwd, env, timeout, input = '' }: OutcomeOptions,
): Promise<Outcome> {
  const child = spawn(command, args, { cwd, env, timeout, killSignal: 'SIGKILL', stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  // It may end before it has read its whole input.
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, late: child.killed, ...output }));
  });
}

/**
 * Runs a command and returns its standard output.
 * @throws CommandFailed with the end of its output
 */
export async function run(command: string, args: string[], options: CommandOptions = {}): Promise<string> {
  const { cwd, env, log, timeout = 60_000, input } = options;
  const { code, signal, late, stdout, stderr } = await outcomeOf(command, args, {
    ...{ cwd, timeout, input },
    env: { ...inherited(), ...env },
  }).catch((error: Error) => {
    throw new CommandFailed(`${command} ${error.message}`);
  });
  const said = stdout + stderr;
  if (log) await appendFile(log, `$ ${command} ${args.join(' ')}\n${said}\n`);
  if (code === 0) return stdout;
  const why = late ? `not done after ${timeout / 1000} s` : `ended with ${signal ?? code}`;
  throw new CommandFailed(`${command} ${why}:\n${lastLines(said, 25)}`);
}

/** Runs a command whose output goes to ours, and returns its exit code. Rejects if it cannot be started. */
export function show(
  command: string,
  args: string[],
  { cwd, env }: Pick<CommandOptions, 'cwd' | 'env'>,
): Promise<number | null> {
  const child = spawn(command, args, {
    cwd,
    env: { ...inherited(), ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

/** Our environment without UPKI_* variables. */
export function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('UPKI_')));
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
