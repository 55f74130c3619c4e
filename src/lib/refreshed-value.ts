import { setTimeout as sleep } from 'node:timers/promises';
import { SingleFlight } from './single-flight.js';

/** Between two askings that callers of `renewed` bring about, in ms: strangers cause them, and each costs the source work. */
const PACE = 250;

/**
 * A value that is asked for once and kept. When it is older than `keepFor` milliseconds it is refreshed in the background while the old
 * value serves: only the first caller waits, and a source that fails changes nothing.
 */
export class RefreshedValue<T> {
  #known: { value: T; until: number } | null = null;
  readonly #asking: SingleFlight<T>;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** The next asking for callers of `renewed`, before it begins. */
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

  /** The value as the source has it after this call. Callers share the asking, and wait a moment when one was just made. */
  renewed(): Promise<T> {
    this.#waiting ??= sleep(Math.max(0, this.#askedAt + PACE - this.now())).then(() => {
      this.#waiting = null;
      return this.#asking.after();
    });
    return this.#waiting;
  }
}
