import type { Account, Authorization, ChallengeType, Identifier } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import { StoreConflict } from '../store/contract/errors.js';
import type { Ids } from './ids.js';
import type { Policy } from './policy.js';

interface NewAuthorization {
  orderId: string | null;
  identifier: Identifier;
  /** The challenges of the authorization. */
  types: readonly ChallengeType[];
  now: number;
  provenBy: string | null;
}

/** A new authorization: pending, or already valid if `provenBy` is the node that proves the name. */
export function newAuthorization(
  { ids, policy }: { ids: Ids; policy: Pick<Policy, 'orderLifetime'> },
  account: Account,
  { orderId, identifier, types, now, provenBy }: NewAuthorization,
): Authorization {
  const wildcard = identifier.value.startsWith('*.');
  const token = ids.token();
  return {
    id: ids.next(now),
    accountId: account.id,
    orderId,
    identifier: wildcard ? { type: 'dns', value: identifier.value.slice(2) } : identifier,
    wildcard,
    createdAt: now,
    expiresAt: now + policy.orderLifetime,
    deactivatedAt: null,
    revokedAt: null,
    provenBy,
    // §7.1.4: a valid authorization shows the validated challenge; one that a node proves has none.
    challenges: types.map((type) => ({
      type,
      token,
      answeredAt: null,
      validatedAt: null,
      failedAt: null,
      error: null,
    })),
  };
}

/** Awaits a write for an account, which may have been purged after the request was verified. @throws Problem */
export async function ofAccount<T>(creation: Promise<T>): Promise<T> {
  try {
    return await creation;
  } catch (error) {
    if (!(error instanceof StoreConflict)) throw error;
    throw new Problem('accountDoesNotExist', 'this account is gone; make a new one');
  }
}
