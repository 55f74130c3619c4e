import { randomBytes } from 'node:crypto';
import { monotonic } from './monotonic.js';
import { HOUR, MINUTE, SECOND } from './time.js';

/** The pause to the next step while there is more to do, and when there is not. */
const PAUSE = SECOND;
const INTERVAL = 10 * MINUTE;
/** Longer than a step takes: the one that purges goes on, and another takes over when it died. */
const LEASE = 2 * MINUTE;
/** The first look comes this long after the start. */
const FIRST = SECOND;
/**
 * How long the clock must have gone evenly before anything is removed. One that is years ahead, for the minute until it is put right,
 * would have records removed of certificates that are in use, and of revocations.
 */
const STEADY_FOR = HOUR;
/** A clock that is this much off what has passed was set. */
const SET_BY = MINUTE;

export interface PurgeOptions {
  /** One process at a time purges: true while it is this one. */
  takeLease(holder: string, now: number, until: number): Promise<boolean>;
  /** Takes one bounded step; true when there may be more. */
  remove(now: number): Promise<boolean>;
  clock(): number;
  /** Milliseconds since the start or since the clock was set, before anything is removed. Default an hour. */
  steadyFor?: number;
  /** Milliseconds that only ever pass. */
  passing?: () => number;
  onError(error: unknown): void;
}

/** Removes what is of no use any more in small steps, so that no step is proportional to what is stored. */
export class Purge {
  readonly #holder = randomBytes(12).toString('base64url');
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  /** Since when the clock has gone evenly. */
  #steady: { clock: number; passed: number } | null = null;

  constructor(private readonly options: PurgeOptions) {}

  start(): void {
    this.#later(FIRST);
  }

  /** Waits for the step under way. */
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

  #isSteady(now: number): boolean {
    const { steadyFor = STEADY_FOR, passing = monotonic } = this.options;
    const passed = passing();
    const since = this.#steady;
    if (since === null || Math.abs(now - since.clock - (passed - since.passed)) > SET_BY) {
      this.#steady = { clock: now, passed };
      return steadyFor === 0;
    }
    return passed - since.passed >= steadyFor;
  }

  async #step(): Promise<void> {
    const { takeLease, remove, clock, onError } = this.options;
    let more = false;
    try {
      const now = clock();
      more = this.#isSteady(now) && (await takeLease(this.#holder, now, now + LEASE)) && (await remove(now));
    } catch (error) {
      onError(error);
    }
    if (this.#timer) this.#later(more ? PAUSE : INTERVAL);
  }
}
