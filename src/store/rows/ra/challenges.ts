import type { Authorization, Challenge } from '../../../model/facts.js';

/**
 * RFC 8555 §7.1.5: the challenges in an authorization's row, as JSON text, and their transitions. Each step
 * returns the text to store, or null when the challenge is not in a state for it.
 */

/** A challenge as stored: the token is the authorization's. */
export type StoredChallenge = Omit<Challenge, 'token'>;

export type State = 'open' | 'valid' | 'ended';

/** The indexed facts: whether a challenge is left to answer, and whether one proves something. */
export function authorizationState(
  challenges: readonly StoredChallenge[],
  facts: Pick<Authorization, 'deactivatedAt' | 'revokedAt' | 'provenBy'>,
): State {
  if (facts.deactivatedAt !== null || facts.revokedAt !== null) return 'ended';
  if (facts.provenBy !== null) return 'valid';
  if (challenges.some((challenge) => challenge.validatedAt !== null)) return 'valid';
  return challenges.some((challenge) => challenge.failedAt !== null) ? 'ended' : 'open';
}

/** §7.5.1: the client responded to the challenge; only the first response counts. */
export function answered(challenges: string, type: string, at: number): string | null {
  return changed(challenges, type, (challenge) => {
    if (challenge.answeredAt !== null) return false;
    challenge.answeredAt = at;
    return true;
  });
}

/** §8.2: an attempt failed and will be repeated; `error` is a problem document in JSON. */
export function attempted(challenges: string, type: string, error: string): string | null {
  return changed(challenges, type, (challenge) => {
    challenge.error = JSON.parse(error);
    return true;
  });
}

/**
 * §7.1.6: an answered challenge ends: validated, or failed with `error`, a problem document in JSON. With
 * `answeredAt`, a challenge not yet answered is answered at that time.
 */
export function completed(
  challenges: string,
  type: string,
  { answeredAt, at, error }: { answeredAt: number | null; at: number; error: string | null },
): string | null {
  return changed(challenges, type, (challenge) => {
    challenge.answeredAt ??= answeredAt;
    if (challenge.answeredAt === null) return false;
    challenge.error = error === null ? null : JSON.parse(error);
    if (error === null) challenge.validatedAt = at;
    else challenge.failedAt = at;
    return true;
  });
}

function changed(text: string, type: string, change: (challenge: StoredChallenge) => boolean): string | null {
  const challenges: StoredChallenge[] = JSON.parse(text);
  const challenge = challenges.find((each) => each.type === type);
  return challenge && change(challenge) ? JSON.stringify(challenges) : null;
}
