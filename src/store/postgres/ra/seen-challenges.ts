import { BoundedMap } from '../../../lib/bounded-map.js';

/** Most cached authorizations; enough for those under way at a busy RA. About 1 MB. */
const MOST = 4_000;

/**
 * A cache of authorizations' challenges as last read here (the text of the column). They may have changed since,
 * so a write uses them only where it also asks the database whether they are still the same.
 */
export class SeenChallenges {
  readonly #texts = new BoundedMap<string, string>(MOST);

  note(authorizationId: string, challenges: string): void {
    this.#texts.set(authorizationId, challenges);
  }

  /** The text, which is forgotten: a write that it did not fit reads the row anew. */
  take(authorizationId: string): string | null {
    const text = this.#texts.get(authorizationId) ?? null;
    this.#texts.delete(authorizationId);
    return text;
  }
}
