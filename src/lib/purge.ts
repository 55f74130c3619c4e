import { randomBytes } from 'node:crypto';
import { monotonic } from './monotonic.js';
import { advanced, pacedText, readPaced } from './paced-time.js';
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

/**
 * The setting with the time by which rows are removed. It follows the clock slowly, so that a clock that was wrong for days
 * removes nothing that the next days would not have removed.
 */
export const REMOVED_BY = 'removed by age as of';

export interface PurgeStore {
  /** So that one process purges at a time; true while this process holds the lease. */
  takeLease(name: string, holder: string, now: number, until: number): Promise<boolean>;
  getSetting(name: string): Promise<string | null>;
  putSetting(name: string, value: string): Promise<void>;
}

interface PurgeOptions {
  store: PurgeStore;
  /** Takes one bounded step; true when there may be more. `now` is not after the clock, and may be long before it. */
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
  readonly #passing: () => number;
  /** When this process last took a step, by the monotonic clock; null: not since the clock was set. */
  #last: number | null = null;

  constructor(private readonly options: PurgeOptions) {
    this.#passing = options.passing ?? monotonic;
    this.#clock = new SteadyClock(this.#passing);
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
    const { store, remove, clock, onError, steadyFor = STEADY_FOR } = this.options;
    let more = false;
    try {
      const now = clock();
      if (this.#clock.evenFor(now) < steadyFor) this.#last = null;
      else if (await store.takeLease('purge', this.#holder, now, now + LEASE))
        more = await remove(await this.#removedBy(now));
    } catch (error) {
      onError(error);
    }
    if (this.#timer) this.#later(more ? PAUSE : INTERVAL);
  }

  async #removedBy(now: number): Promise<number> {
    const { store } = this.options;
    const passing = this.#passing();
    const passed = passing - (this.#last ?? passing);
    const paced = advanced(readPaced(await store.getSetting(REMOVED_BY)), now, passed);
    await store.putSetting(REMOVED_BY, pacedText(paced));
    this.#last = passing;
    return Math.min(paced.time, now);
  }
}
