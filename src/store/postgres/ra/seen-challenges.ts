/** Authorizations remembered; enough for those under way at a busy RA. About 1 MB. */
const MOST = 4_000;

/**
 * The challenges of authorizations as they were last read or written here (the text of the column). They may have changed since: a
 * write goes by them only where it asks the database whether they still are the same.
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
