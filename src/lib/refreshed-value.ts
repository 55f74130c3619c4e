import { SingleFlight } from './single-flight.js';

/**
 * A value that is asked for once and kept. When it is older than `keepFor` milliseconds it is refreshed in the background while the old
 * value serves: only the first caller waits, and a source that fails changes nothing.
 */
export class RefreshedValue<T> {
  #known: { value: T; until: number } | null = null;
  readonly #asking: SingleFlight<T>;

  constructor(
    ask: () => Promise<T>,
    keepFor: number,
    private readonly now: () => number,
  ) {
    this.#asking = new SingleFlight(async () => {
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
}
