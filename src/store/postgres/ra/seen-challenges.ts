/** Most cached authorizations; enough for those under way at a busy RA. About 1 MB. */
const MOST = 4_000;

/**
 * A cache of authorizations' challenges as last read or written here (the text of the column). They may have
 * changed since, so a write uses them only where it also asks the database whether they are still the same.
 */
export class SeenChallenges {
  readonly #texts = new Map<string, string>();

  note(authorizationId: string, challenges: string): void {
    this.#texts.delete(authorizationId);
    this.#texts.set(authorizationId, challenges);
    if (this.#texts.size <= MOST) return;
    for (const oldest of this.#texts.keys()) {
      this.#texts.delete(oldest);
      return;
    }
  }

  /** And forgets them: who could not go by them reads them anew. */
  take(authorizationId: string): string | null {
    const text = this.#texts.get(authorizationId) ?? null;
    this.#texts.delete(authorizationId);
    return text;
  }
}
