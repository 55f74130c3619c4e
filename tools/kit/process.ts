import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { inherited, lastLines } from './command.js';

/** Milliseconds that a program gets to end by itself. */
const STOP_LIMIT = 8_000;
/** How many of its last lines are stored, for error messages. */
const LAST_LINES = 40;

export interface ProcessOptions {
  /** For error messages; the command when absent. */
  name?: string;
  cwd?: string | undefined;
  /** Added to the inherited environment. */
  env?: NodeJS.ProcessEnv;
  /** The file that receives the command line and then, without us in between, the program's output. */
  log?: string | undefined;
  /** Receives every line that it writes. Not called with `log`. */
  onOutput?: ((line: string) => void) | undefined;
  /** Opens an IPC channel, for a program that reports over it that it serves. */
  ipc?: boolean;
}

/** The program ended, or its time ran out, before it was ready. */
export class NotReady extends Error {}

/** A program that runs until it is stopped. The caller that starts it must stop it, also after an error. */
export class RunningProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #log: string | undefined;
  /** Where its output begins in the log. */
  readonly #offset: number;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  /** Resolves with how it ended, in words. */
  readonly #ended: Promise<string>;

  constructor(command: string, args: readonly string[], options: ProcessOptions = {}) {
    const { name = command, cwd, env, log, onOutput, ipc = false } = options;
    this.#name = name;
    this.#log = log;
    if (onOutput) this.#listeners.add(onOutput);
    const file = log === undefined ? null : openSync(log, 'a');
    if (file !== null) writeSync(file, `$ ${command} ${args.join(' ')} &\n`);
    this.#offset = file === null ? 0 : fstatSync(file).size;
    const output = file ?? 'pipe';
    const child = spawn(command, args, {
      cwd,
      env: { ...inherited(), ...env },
      stdio: ['ignore', output, output, ...(ipc ? (['ipc'] as const) : [])],
    });
    if (file !== null) closeSync(file);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.on('error', (error) => resolve(`did not start: ${error.message}`));
      child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
    });
    for (const stream of [child.stdout, child.stderr]) eachLine(stream, (line) => this.#take(line));
  }

  /** 0 if it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Its output so far: all of it with a log, else the last lines. */
  output(): string {
    if (this.#log === undefined) return this.#lines.join('\n');
    return readFileSync(this.#log).subarray(this.#offset).toString('utf8');
  }

  /**
   * Calls a function repeatedly until it does not throw, and returns its result.
   * @throws NotReady with the end of the output, after killing the program, if it ends first or `limit` milliseconds
   * pass. A NotReady that the function throws has the same effect at once.
   */
  whenAnswers<T>(limit: number, ask: () => Promise<T>): Promise<T> {
    return this.#within(limit, async (reason) => {
      for (;;) {
        try {
          return await ask();
        } catch (error) {
          if (error instanceof NotReady || !this.running) throw error;
          reason(String(error));
          await pause(100);
        }
      }
    });
  }

  /** Resolves with the first line that matches. @throws NotReady like `whenAnswers` */
  whenLine(limit: number, pattern: RegExp): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve) => {
      const listener = (line: string) => {
        const match = pattern.exec(line);
        if (match === null) return;
        this.#listeners.delete(listener);
        resolve(match);
      };
      this.#listeners.add(listener);
    });
    return this.#within(limit, () => found);
  }

  /** Resolves when it sends a message over its IPC channel. @throws NotReady like `whenAnswers` */
  whenMessage(limit: number): Promise<unknown> {
    return this.#within(limit, () => once(this.#child, 'message'));
  }

  /** SIGTERM, and SIGKILL after `limit` milliseconds. Resolves with the exit code when it has ended; null after a signal. */
  async stop(limit = STOP_LIMIT): Promise<number | null> {
    if (!this.running) return this.#child.exitCode;
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), limit);
    await this.#ended;
    clearTimeout(late);
    return this.#child.exitCode;
  }

  /** SIGKILL; resolves when it has ended. */
  async kill(): Promise<void> {
    if (this.running) this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async #within<T>(limit: number, event: (reason: (text: string) => void) => Promise<T>): Promise<T> {
    let last = '';
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`was not ready within ${limit} ms${last}`), limit);
    });
    const failure = Promise.race([this.#ended, late]).then((why) => {
      throw new NotReady(why);
    });
    try {
      const reason = (text: string) => {
        last = ` (${text})`;
      };
      return await Promise.race([event(reason), failure]);
    } catch (error) {
      await this.kill();
      const why = error instanceof Error ? error.message : String(error);
      throw new NotReady(`${this.#name} ${why}\n${lastLines(this.output(), LAST_LINES)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  #take(line: string): void {
    if (this.#lines.push(line) > LAST_LINES) this.#lines.shift();
    for (const listener of this.#listeners) listener(line);
  }
}

/** Calls back with every complete line. */
function eachLine(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
}
