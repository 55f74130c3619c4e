/** Which programs were down when. */
export class Outages {
  readonly #all: { ra: boolean; from: number; until: number }[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  /** The RA, or only the CA behind it, may be down from now on; returns what ends that. */
  begin(ra: boolean): () => void {
    const outage = { ra, from: this.now(), until: Number.POSITIVE_INFINITY };
    this.#all.push(outage);
    return () => {
      outage.until = this.now();
    };
  }

  /** Whether anything was down between `since` and now; `ra`: the RA itself. */
  coveredSince(since: number, ra: boolean): boolean {
    const until = this.now();
    return this.#all.some((outage) => (outage.ra || !ra) && outage.until >= since && outage.from <= until);
  }
}
