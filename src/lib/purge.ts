import { randomBytes } from 'node:crypto';
import { SteadyClock } from './steady-clock.js';
import { HOUR, MINUTE, SECOND } from './time.js';

/** Pauses between steps, in ms: while there is more to remove, and when there is not. */
const PAUSE = SECOND;
const INTERVAL = 10 * MINUTE;
/**
 * How long the lease lasts, in ms: longer than a step takes, so the holder keeps it; when the holder dies,
 * another process takes over.
 */
const LEASE = 2 * MINUTE;
/** The first look comes this long after the start. */
const FIRST = SECOND;
/**
 * How long the clock must have run evenly before anything is removed. A clock that is years ahead for a
 * minute would otherwise remove records of certificates and revocations that are still in use.
 */
export const STEADY_FOR = HOUR;

interface PurgeOptions {
  /** Takes the lease, so that one process purges at a time; true while this process holds it. */
  takeLease(holder: string, now: number, until: number): Promise<boolean>;
  /** Takes one bounded step; true when there may be more. */
  remove(now: number): Promise<boolean>;
  clock(): number;
  /** Milliseconds since the start or since the clock was set, before anything is removed. Default an hour. */
  steadyFor?: number;
  /** A monotonic clock, in ms. */
  passing?: () => number;
  onError(error: unknown): void;
}

/** Removes expired rows in small steps, so that no step is proportional to what is stored. */
export class Purge {
  readonly #holder = randomBytes(12).toString('base64url');
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  readonly #clock: SteadyClock;

  constructor(private readonly options: PurgeOptions) {
    this.#clock = new SteadyClock(options.passing);
  }

  start(): void {
    this.#later(FIRST);
  }

  /** Waits for the running step. */
  async stop(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#running;
  }

  #later(pause: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#step().finally(() => {
        this.#running = null;
      });
    }, pause);
    this.#timer.unref();
  }

  async #step(): Promise<void> {
    const { takeLease, remove, clock, onError, steadyFor = STEADY_FOR } = this.options;
    let more = false;
    try {
      const now = clock();
      more =
        this.#clock.evenFor(now) >= steadyFor &&
        (await takeLease(this.#holder, now, now + LEASE)) &&
        (await remove(now));
    } catch (error) {
      onError(error);
    }
    if (this.#timer) this.#later(more ? PAUSE : INTERVAL);
  }
}
