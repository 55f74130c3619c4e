import { RunningProcess } from './process.js';

/** Milliseconds that a program gets to finish its work and end. */
const STOP_LIMIT = 120_000;

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
  #process: RunningProcess | null = null;
  #module: string;

  constructor(private readonly options: ProgramOptions) {
    this.#module = options.module;
  }

  get name(): string {
    return this.options.name;
  }

  get running(): boolean {
    return this.#process?.running ?? false;
  }

  get pid(): number | null {
    return this.#process?.running ? this.#process.pid : null;
  }

  /** Uses another build from the next start on. */
  use(module: string): void {
    this.#module = module;
  }

  /** Resolves when it serves. @throws NotReady with its last lines if it does not */
  async start(): Promise<void> {
    const { name, args, env, onOutput, timeout = 60_000 } = this.options;
    const command = [this.#module, ...args];
    this.#process = new RunningProcess(process.execPath, command, { name, env, onOutput, ipc: true });
    await this.#process.whenMessage(timeout);
  }

  /** SIGKILL; resolves when the process is dead. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** Ends it as a supervisor does; resolves with its exit code, null if it did not run. */
  async stop(): Promise<number | null> {
    return this.#process?.running ? this.#process.stop(STOP_LIMIT) : null;
  }
}
