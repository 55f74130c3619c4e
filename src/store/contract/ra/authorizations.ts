import type { Authorization, ChallengeType, Identifier } from '../../../model/facts.js';
import type { ProblemDocument } from '../../../model/problem.js';

/** An answered challenge for a validator. Only the holder of the lease tries it. */
export interface ClaimedValidation {
  authorization: Authorization;
  type: ChallengeType;
  /** Recorded attempts, without this one. */
  attempts: number;
  /** Thumbprint of the account key, for the key authorization (RFC 8555 §8.1). */
  thumbprint: string;
}

/** Authorizations and their challenges (RFC 8555 §7.5). */
export interface Authorizations {
  createAuthorization(authorization: Authorization): Promise<void>;
  getAuthorization(id: string): Promise<Authorization | null>;
  /**
   * The account's authorizations for these identifiers that have a validated challenge, have not ended and expire
   * after `now`.
   */
  findValidAuthorizations(
    accountId: string,
    identifiers: Identifier[],
    now: number,
  ): Promise<Authorization[]>;
  deactivateAuthorization(id: string, at: number): Promise<Authorization | null>;
  /** The authorization whose challenge of this token is open, or null (for serving http-01). */
  findAuthorizationByToken(token: string): Promise<Authorization | null>;
  /**
   * §7.5.1: marks a challenge answered and enqueues it, leased to the caller until `leaseUntil`. False when it
   * was answered before or the authorization has ended: the caller then only reports the state.
   */
  answerChallenge(
    authorizationId: string,
    type: ChallengeType,
    at: number,
    leaseUntil: number,
  ): Promise<boolean>;
  /**
   * Answered, unfinished challenges whose lease or retry time is past; leases them to the caller. The accounts take
   * turns, one challenge each, the longest due first, up to `limit` in all and `perAccount` (default `limit`) of
   * each.
   */
  claimValidations(
    now: number,
    leaseUntil: number,
    limit: number,
    perAccount?: number,
  ): Promise<ClaimedValidation[]>;
  /** §8.2: a failed attempt that will be retried at `retryAt`. */
  recordAttempt(
    authorizationId: string,
    type: ChallengeType,
    error: ProblemDocument,
    retryAt: number,
  ): Promise<void>;
  /**
   * Ends the validation. Success (`error` null) sets the authorization's expiry to `expiresAt`, unless it had expired
   * by `at`. The first outcome decides: null when the authorization was valid, failed or ended before. With
   * `answeredAt`, a challenge not yet answered is answered at that time in the same step; without it, the result is
   * null.
   */
  completeValidation(
    authorizationId: string,
    type: ChallengeType,
    result: { answeredAt?: number | null; at: number; error: ProblemDocument | null; expiresAt: number },
  ): Promise<Authorization | null>;
}
