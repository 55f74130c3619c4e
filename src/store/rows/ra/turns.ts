/**
 * Longer than any pause or lease, in ms. Work due later than this was deferred by a clock that was ahead, and is due
 * now.
 */
export const LONGEST_PAUSE = 3600_000;

/** At most this many answered challenges are read to alternate between accounts. */
export const MOST_LOOKED_AT = 5_000;

/** A challenge that may be claimed. Candidates are sorted, the longest due first. */
interface Candidate {
  accountId: string;
  authorizationId: string;
  type: string;
}

/** The accounts take turns, one challenge each, until there are `limit`, or `perAccount` of each. */
export function inTurns(candidates: readonly Candidate[], limit: number, perAccount: number): Candidate[] {
  const turns: Candidate[][] = [];
  const taken = new Map<string, number>();
  for (const candidate of candidates) {
    const turn = taken.get(candidate.accountId) ?? 0;
    if (turn >= perAccount) continue;
    taken.set(candidate.accountId, turn + 1);
    const others = turns[turn];
    if (others) others.push(candidate);
    else turns.push([candidate]);
  }
  return turns.flat().slice(0, limit);
}
