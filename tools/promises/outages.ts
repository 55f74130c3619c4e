/** The failures that an outage excuses: no response, because the program is down; a 503 with Retry-After. */
export interface Excuses {
  lost: boolean;
  unavailable: boolean;
}

/** Records which failures were excused when. */
export class Outages {
  readonly #all: { excuses: Excuses; from: number; until: number }[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  /** Excuses failures from now on; returns the function that ends it. */
  begin(excuses: Excuses): () => void {
    const outage = { excuses, from: this.now(), until: Number.POSITIVE_INFINITY };
    this.#all.push(outage);
    return () => {
      outage.until = this.now();
    };
  }

  /** Whether this failure was excused at any moment between `since` and now. */
  coveredSince(since: number, what: keyof Excuses): boolean {
    const now = this.now();
    return this.#all.some(({ excuses, from, until }) => excuses[what] && until >= since && from <= now);
  }
}
