/** What an outage excuses, beside success: no answer at all, because who answers is gone; a 503 with Retry-After. */
export interface Excuses {
  lost: boolean;
  unavailable: boolean;
}

/** What was excused when. */
export class Outages {
  readonly #all: { excuses: Excuses; from: number; until: number }[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  /** From now on; returns what ends it. */
  begin(excuses: Excuses): () => void {
    const outage = { excuses, from: this.now(), until: Number.POSITIVE_INFINITY };
    this.#all.push(outage);
    return () => {
      outage.until = this.now();
    };
  }

  /** Whether this was excused at any moment between `since` and now. */
  coveredSince(since: number, what: keyof Excuses): boolean {
    const now = this.now();
    return this.#all.some(({ excuses, from, until }) => excuses[what] && until >= since && from <= now);
  }
}
