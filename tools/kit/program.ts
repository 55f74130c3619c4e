import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

export interface ProgramOptions {
  /** For messages and logs. */
  name: string;
  /** A JavaScript file that reports over IPC when it serves, like the programs of `upki`. */
  module: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Receives every line it writes. */
  onOutput?(line: string): void;
  /** Milliseconds until it must serve. */
  timeout?: number;
}

/** One of our programs as a separate process, which can be restarted any number of times. */
export class Program {
  #process: ChildProcess | null = null;
  #module: string;

  constructor(private readonly options: ProgramOptions) {
    this.#module = options.module;
  }

  get name(): string {
    return this.options.name;
  }

  get running(): boolean {
    return this.#process !== null;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Uses another build from the next start on. */
  use(module: string): void {
    this.#module = module;
  }

  /** Resolves when it serves. @throws Error with its last lines if it does not */
  async start(): Promise<void> {
    const { name, args, env, onOutput, timeout = 60_000 } = this.options;
    const child = fork(this.#module, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] });
    this.#process = child;
    child.once('exit', () => {
      if (this.#process === child) this.#process = null;
    });
    const last: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      eachLine(stream, (line) => {
        onOutput?.(line);
        if (last.push(line) > 40) last.shift();
      });
    }
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(late);
        child.kill('SIGKILL');
        reject(new Error(`${name} ${why}\n${last.join('\n')}`));
      };
      const late = setTimeout(() => fail(`was not ready within ${timeout} ms`), timeout);
      child.once('message', () => {
        clearTimeout(late);
        resolve();
      });
      child.once('error', (error) => fail(`did not start: ${error.message}`));
      child.once('exit', (code, signal) => fail(`ended with ${signal ?? code} before it served`));
    });
  }

  /** SIGKILL; resolves when the process is dead. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it as a supervisor does; resolves with its exit code, null if it did not run. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process;
    if (!child) return null;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    return child.exitCode;
  }
}

/** Calls back with every complete line. */
export function eachLine(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
}
