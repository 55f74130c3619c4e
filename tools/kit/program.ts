import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

export interface ProgramOptions {
  /** For messages and logs. */
  name: string;
  /** A JavaScript file that tells over IPC when it serves, as the programs of `upki` do. */
  module: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Gets every line it writes. */
  onOutput?(line: string): void;
  /** Milliseconds until it must serve. */
  timeout?: number;
}

/** One program of ours as a process of its own, started as often as wanted. */
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

  /** From its next start it is of another build. */
  use(module: string): void {
    this.#module = module;
  }

  /** Resolves when it serves. @throws Error with its last lines when it does not */
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

  /** SIGKILL; resolves when it is dead. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As a supervisor ends it; resolves with its exit code, null when it did not run. */
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

/** Calls back with every whole line. */
export function eachLine(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
}
