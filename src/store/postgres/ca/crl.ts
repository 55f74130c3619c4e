import {
  CRL,
  type CrlRow,
  crlFromRow,
  REVOKED,
  type RevokedRow,
  revokedAfter,
  revokedPage,
} from '../../rows/ca/crl.js';
import type { crlOperations as rows } from '../../sqlite/ca/crl.js';
import type { PostgresOperations } from '../operations.js';

/** RFC 5280 §5. */

export const crlOperations: PostgresOperations<typeof rows> = {
  async listRevoked(db, after, limit, now) {
    const found = await db.all<RevokedRow>(
      `SELECT ${REVOKED} FROM certificates
       WHERE revoked_at IS NOT NULL AND (not_after, serial) > ($1, $2) ORDER BY not_after, serial LIMIT $3`,
      ...revokedAfter(after, now),
      limit,
    );
    return revokedPage(found, limit);
  },

  async allocateCrlNumber(db) {
    const row = await db.get<[number: number]>(
      'UPDATE crl SET last_number = last_number + 1 RETURNING last_number',
    );
    return row?.[0] ?? 0;
  },

  isCrlCurrent: async (db, number) =>
    (await db.get('SELECT 1 FROM crl WHERE number = $1 AND number > stale_up_to', number)) !== undefined,

  async putCrl(db, { number, der, thisUpdate, nextUpdate }) {
    const put = await db.run(
      `UPDATE crl SET number = $1, der = $2, this_update = $3, next_update = $4,
                      last_number = greatest(last_number, $1)
       WHERE number IS NULL OR number < $1`,
      number,
      der,
      thisUpdate,
      nextUpdate,
    );
    return put > 0;
  },

  async getCrl(db) {
    const row = await db.get<CrlRow>(`SELECT ${CRL} FROM crl WHERE number IS NOT NULL`);
    return row ? crlFromRow(row) : null;
  },
};

/**
 * Part of a statement that revokes, or takes back: every CRL that has its number already may have been made without it. Whoever
 * is getting a number just now waits for this, and then sees the change, or has got it before and is counted in.
 */
export function outdatingCrls(changed: string): string {
  return `outdated AS (UPDATE crl SET stale_up_to = last_number WHERE EXISTS (SELECT FROM ${changed}))`;
}
