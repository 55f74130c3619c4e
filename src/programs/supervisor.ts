import type { ChildProcess } from 'node:child_process';
import { monotonic } from '../lib/monotonic.js';
import { ExitCode } from './exit.js';
import { type ReadyMessage, STOP_MESSAGE } from './messages.js';

/** A program that the supervisor keeps running. */
export interface ChildSpec {
  /** Its name in messages: "CA". */
  name: string;
  /** Starts its process, with a channel for messages; called again at every start. */
  fork(): ChildProcess;
}

interface SupervisorLimits {
  /** Pauses before the restarts. A child that dies more often than this within `window` ends everything. */
  backoff: number[];
  /** Deaths older than this are not counted. */
  window: number;
  /** A child that is not ready by then is killed. Generating RSA-4096 keys on a small machine takes a minute. */
  startLimit: number;
  /** A child that has not ended by then is killed. It must exceed STOP_LIMIT of child.ts. */
  stopLimit: number;
}

const DEFAULT_LIMITS: SupervisorLimits = {
  backoff: [100, 500, 1000, 2000, 4000],
  window: 60_000,
  startLimit: 120_000,
  stopLimit: 12_000,
};

interface SupervisorOptions {
  limits?: SupervisorLimits;
  /** Ends all programs at the same time, because they do not depend on each other. */
  endAtOnce?: boolean;
  /** Prints a report on a child. */
  say(sentence: string): void;
  /** Called when a program starts to serve, and when it ends unexpectedly. */
  onChange?(): void;
  /** Called once, after the supervisor has given up and all programs have ended. The process should exit with `exitCode`. */
  onGiveUp(exitCode: number): void;
}

interface Child {
  spec: ChildSpec;
  process: ChildProcess | null;
  serves: boolean;
  /** Times of its deaths within the window (monotonic ms). */
  deaths: number[];
  timer: NodeJS.Timeout | null;
  onReady(info: Record<string, unknown>): void;
  onNever(error: Error): void;
}

/**
 * Keeps all programs running, or ends them all. A child that dies is started again after a pause. A child that cannot start, or keeps
 * dying, ends everything. Children detect the end of the supervisor by the closed IPC channel, even after `kill -9`.
 */
export class Supervisor {
  readonly #children: Child[] = [];
  readonly #limits: SupervisorLimits;
  #stopping: Promise<void> | null = null;

  constructor(private readonly options: SupervisorOptions) {
    this.#limits = options.limits ?? DEFAULT_LIMITS;
  }

  /** Starts a program; resolves with the facts that it reports when it first serves. Programs are stopped in reverse order. */
  start(spec: ChildSpec): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const child: Child = {
        spec,
        process: null,
        serves: false,
        deaths: [],
        timer: null,
        onReady: resolve,
        onNever: reject,
      };
      this.#children.push(child);
      this.#spawn(child);
    });
  }

  /** The names of the programs that serve at the moment. */
  serving(): string[] {
    return this.#children.filter(({ serves }) => serves).map(({ spec }) => spec.name);
  }

  /** Sends a message to every running program. */
  send(message: object): void {
    for (const { process: running } of this.#children) if (running?.connected) running.send(message);
  }

  /** Sends a signal to every running program. */
  signal(signal: NodeJS.Signals): void {
    for (const { process: running } of this.#children) running?.kill(signal);
  }

  /** Ends all programs cleanly, the last started first unless `endAtOnce`. A repeated call returns the same promise. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  #spawn(child: Child): void {
    const { spec } = child;
    const started = spec.fork();
    child.process = started;
    const late = setTimeout(() => {
      this.options.say(`the ${spec.name} is not ready after ${this.#limits.startLimit / 1000} s; killing it`);
      started.kill('SIGKILL');
    }, this.#limits.startLimit);
    started.once('message', (message) => {
      clearTimeout(late);
      if (child.deaths.length > 0) this.options.say(`the ${spec.name} serves again`);
      child.serves = true;
      this.options.onChange?.();
      child.onReady((message as ReadyMessage).ready);
    });
    started.on('error', (error) => this.options.say(`the ${spec.name}: ${error.message}`));
    started.once('exit', (code, signal) => {
      clearTimeout(late);
      child.process = null;
      child.serves = false;
      if (this.#stopping) return;
      this.options.onChange?.();
      this.#died(child, code, signal);
    });
  }

  #died(child: Child, code: number | null, signal: string | null): void {
    const { spec } = child;
    const now = monotonic();
    child.deaths = [...child.deaths.filter((at) => now - at < this.#limits.window), now];
    const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
    const wait = this.#limits.backoff[child.deaths.length - 1];
    const hopeless = code === ExitCode.cannotStart || code === ExitCode.usage;
    if (hopeless || wait === undefined) {
      const why = hopeless ? 'cannot start' : `${how} for the ${child.deaths.length}th time in short order`;
      this.options.say(`the ${spec.name} ${why}; ending everything`);
      child.onNever(new Error(`the ${spec.name} ${why}`));
      const exitCode = hopeless ? ExitCode.cannotStart : ExitCode.failure;
      void this.stop().then(() => this.options.onGiveUp(exitCode));
      return;
    }
    this.options.say(`the ${spec.name} ${how}; starting it again in ${wait / 1000} s`);
    child.timer = setTimeout(() => this.#spawn(child), wait);
  }

  async #stopAll(): Promise<void> {
    for (const child of this.#children) if (child.timer) clearTimeout(child.timer);
    if (this.options.endAtOnce) await Promise.all(this.#children.map((child) => this.#end(child)));
    else for (const child of this.#children.toReversed()) await this.#end(child);
  }

  #end({ process: running }: Child): Promise<void> {
    return new Promise((resolve) => {
      if (!running || running.exitCode !== null || running.signalCode !== null) return resolve();
      const kill = setTimeout(() => running.kill('SIGKILL'), this.#limits.stopLimit);
      running.once('exit', () => {
        clearTimeout(kill);
        resolve();
      });
      if (running.connected) running.send(STOP_MESSAGE);
      else running.kill('SIGTERM');
    });
  }
}
