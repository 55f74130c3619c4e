import type { Account, Authorization, Challenge, Node, Order } from './facts.js';

/** RFC 8555 §7.1.6: the status of each resource, computed only here from its facts and the time, so that it is never stale. */

export type AccountStatus = 'valid' | 'deactivated' | 'revoked';
type ChallengeStatus = 'pending' | 'processing' | 'valid' | 'invalid';
type AuthorizationStatus = 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked';
type OrderStatus = 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';

export function accountStatus(account: Account): AccountStatus {
  if (account.revokedAt !== null) return 'revoked';
  return account.deactivatedAt !== null ? 'deactivated' : 'valid';
}

/**
 * §7.1.6, challenge: pending → processing (answered) → valid | invalid. The first outcome or the deactivation ends the authorization, and
 * its other challenges are no longer validated: an answered one is invalid, so that its client stops polling.
 */
export function challengeStatus(challenge: Challenge, authorization: Authorization): ChallengeStatus {
  if (challenge.validatedAt !== null) return 'valid';
  if (challenge.failedAt !== null) return 'invalid';
  if (challenge.answeredAt === null) return 'pending';
  return isDecided(authorization) ? 'invalid' : 'processing';
}

/** Whether the authorization has ended, other than by time. */
function isDecided({ challenges, revokedAt, deactivatedAt }: Authorization): boolean {
  const hasOutcome = challenges.some(
    ({ validatedAt, failedAt }) => validatedAt !== null || failedAt !== null,
  );
  return hasOutcome || revokedAt !== null || deactivatedAt !== null;
}

/** §7.1.6, authorization: invalid after a failed challenge; valid after a validated one, or by a node's proof, until it expires. */
export function authorizationStatus(authorization: Authorization, now: number): AuthorizationStatus {
  const { challenges } = authorization;
  if (authorization.revokedAt !== null) return 'revoked';
  if (authorization.deactivatedAt !== null) return 'deactivated';
  if (authorization.provenBy !== null || challenges.some(({ validatedAt }) => validatedAt !== null)) {
    return authorization.expiresAt > now ? 'valid' : 'expired';
  }
  if (challenges.some((challenge) => challenge.failedAt !== null)) return 'invalid';
  // §7.1.6: only valid authorizations expire; a pending one becomes invalid when its time is over.
  return authorization.expiresAt > now ? 'pending' : 'invalid';
}

/** §7.1.6, order: computed from its own facts first, then from all its authorizations, in any order. */
export function orderStatus(order: Order, authorizations: Authorization[], now: number): OrderStatus {
  if (order.certificateId !== null) return 'valid';
  if (order.error !== null) return 'invalid';
  // Finalize was accepted while the order was ready. An expiry or a deactivation after that does not change it.
  if (order.csr !== null) return 'processing';
  if (order.expiresAt <= now) return 'invalid';
  const statuses = authorizations.map((authorization) => authorizationStatus(authorization, now));
  if (statuses.some((status) => status !== 'pending' && status !== 'valid')) return 'invalid';
  return statuses.every((status) => status === 'valid') ? 'ready' : 'pending';
}

type EnrolmentStatus = 'waiting' | 'expired' | 'enrolled' | 'removing';

/** The state of a registered node's enrolment. */
export function enrolmentStatus({ removingAt, enrolment }: Node, now: number): EnrolmentStatus {
  if (removingAt !== null) return 'removing';
  if (enrolment.serial !== null) return 'enrolled';
  return enrolment.expiresAt > now ? 'waiting' : 'expired';
}
