import { setTimeout as sleep } from 'node:timers/promises';
import { SingleFlight } from './single-flight.js';

/** Shortest time between two requests to the source by `renewed`, in ms: clients can cause them, and each costs the source work. */
const PACE = 250;

/**
 * A cached value of a source. When it is older than `keepFor` milliseconds, it is refreshed in the background
 * while callers get the old value. Only the first caller waits. If the source fails, the old value stays.
 */
export class RefreshedValue<T> {
  #known: { value: T; until: number } | null = null;
  readonly #asking: SingleFlight<T>;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** The next request for callers of `renewed`, before it begins. */
  #waiting: Promise<T> | null = null;

  constructor(
    ask: () => Promise<T>,
    keepFor: number,
    private readonly now: () => number,
  ) {
    this.#asking = new SingleFlight(async () => {
      this.#askedAt = now();
      const value = await ask();
      this.#known = { value, until: now() + keepFor };
      return value;
    });
  }

  async get(): Promise<T> {
    const known = this.#known;
    if (known === null) return this.#asking.join();
    if (this.now() >= known.until) this.#asking.join().catch(() => {});
    return known.value;
  }

  /** The value that the source has after this call. Callers share a request, which is delayed if one was just made. */
  renewed(): Promise<T> {
    this.#waiting ??= sleep(Math.max(0, this.#askedAt + PACE - this.now())).then(() => {
      this.#waiting = null;
      return this.#asking.after();
    });
    return this.#waiting;
  }
}
