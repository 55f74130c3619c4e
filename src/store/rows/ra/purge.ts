import { get, type SharedOperations } from '../shared.js';

/** Deletes rows that are needed no longer, a bounded number at a time. */
export interface PurgeOperations {
  purgeExpired(before: number, limit: number): number;
  /** Ids begin with the time, so the oldest orders come first in the primary key. Unfinished orders are skipped. */
  purgeFinished(before: number, limit: number): number;
  /** Oldest first. An account that still has rows is examined again as if it were new. */
  purgeAccounts(before: number, limit: number): string[];
  purgeCertificates(before: number, limit: number): number;
  countPurgeable(endedBefore: number, expiredBefore: number, unusedBefore: number): PurgeableRow;
}

type PurgeableRow = [certificates: number, orders: number, accounts: number];

export const shared = {
  reads: {
    *countPurgeable(endedBefore, expiredBefore, unusedBefore) {
      const counts = yield* get<PurgeableRow>(
        `SELECT (SELECT count(*) FROM certificates WHERE not_after < $1),
                (SELECT count(*) FROM orders WHERE expires_at < $2 AND due_at IS NULL),
                (SELECT count(*) FROM accounts WHERE unused_since < $3 AND revoked_at IS NULL)`,
        endedBefore,
        expiredBefore,
        unusedBefore,
      );
      return counts ?? [0, 0, 0];
    },
  },
  writes: {},
} satisfies SharedOperations<PurgeOperations>;
