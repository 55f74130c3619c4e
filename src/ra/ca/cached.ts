/** A value asked for once, and asked for again behind the caller's back when it is old: only the first caller waits. */
export class Cached<T> {
  #known: { value: T; until: number } | null = null;
  #asking: Promise<T> | null = null;

  constructor(
    private readonly ask: () => Promise<T>,
    private readonly keepFor: number,
    private readonly now: () => number,
  ) {}

  get(): Promise<T> {
    const known = this.#known;
    if (known === null) return this.#refresh();
    // While the CA is away, what it said last serves.
    if (this.now() >= known.until) this.#refresh().catch(() => {});
    return Promise.resolve(known.value);
  }

  #refresh(): Promise<T> {
    this.#asking ??= this.ask()
      .then((value) => {
        this.#known = { value, until: this.now() + this.keepFor };
        return value;
      })
      .finally(() => {
        this.#asking = null;
      });
    return this.#asking;
  }
}
