import type { ChildProcess } from 'node:child_process';
import { monotonic } from '../lib/monotonic.js';
import { ExitCode } from './exit.js';
import { type ReadyMessage, STOP_MESSAGE } from './messages.js';

/** A program to keep running. */
export interface ChildSpec {
  /** Its name for people: "CA". */
  name: string;
  /** Starts its process, with a channel for messages; called again at every start. */
  fork(): ChildProcess;
}

interface SupervisorLimits {
  /** Pauses before the restarts; a child that dies more often within `window` ends everything. */
  backoff: number[];
  /** A child that has lived this long is forgiven its earlier deaths. */
  window: number;
  /** A child that is not ready by then counts as dead. Making RSA-4096 keys on a small machine takes a minute. */
  startLimit: number;
  /** A child that has not ended by then is killed; more than the child's own limit. */
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
  /** Programs that do not need each other are ended at the same time. */
  endAtOnce?: boolean;
  /** Reports on the children, for people. */
  say(sentence: string): void;
  /** Called when a program has begun to serve, or has ended before it was told to. */
  onChange?(): void;
  /** Called once, when the supervisor gave up: everything has been ended. `exitCode` is what its own process should say. */
  onGiveUp(exitCode: number): void;
}

interface Child {
  spec: ChildSpec;
  process: ChildProcess | null;
  serves: boolean;
  /** When it died, within the window. */
  deaths: number[];
  timer: NodeJS.Timeout | null;
  onReady(info: Record<string, unknown>): void;
  onNever(error: Error): void;
}

/**
 * Keeps programs running, or ends them all: never half of them alive. A child that dies is started again after a
 * pause; one that says it cannot start, or keeps dying, ends everything. Children notice our end by themselves
 * (the IPC channel closes), even after `kill -9`.
 */
export class Supervisor {
  readonly #children: Child[] = [];
  readonly #limits: SupervisorLimits;
  #stopping: Promise<void> | null = null;

  constructor(private readonly options: SupervisorOptions) {
    this.#limits = options.limits ?? DEFAULT_LIMITS;
  }

  /** Starts a program after those before it; resolves with what it told when it first served. Ended in reverse order. */
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

  /** Sends a message to every program that runs. */
  send(message: object): void {
    for (const { process: running } of this.#children) if (running?.connected) running.send(message);
  }

  /** Passes a signal on to every program that runs. */
  signal(signal: NodeJS.Signals): void {
    for (const { process: running } of this.#children) running?.kill(signal);
  }

  /** Ends all programs cleanly, last started first unless `endAtOnce`; the same promise when called again. */
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
