import {
  CRL,
  type CrlRow,
  crlFromRow,
  REVOKED,
  type RevokedRow,
  revokedAfter,
  revokedPage,
} from '../../rows/ca/crl.js';
import type { CrlOperations } from '../../rows/ca/operations.js';
import type { PostgresOperations } from '../operations.js';

/** RFC 5280 §5: the CRLs, one an issuer. */

export const crlOperations: PostgresOperations<CrlOperations> = {
  async listRevoked(db, issuer, after, limit, endedFrom) {
    const found = await db.all<RevokedRow>(
      `SELECT ${REVOKED} FROM certificates
       WHERE issuer = $1 AND revoked_at IS NOT NULL AND (not_after, serial) > ($2, $3)
       ORDER BY not_after, serial LIMIT $4`,
      issuer,
      ...revokedAfter(after, endedFrom),
      limit,
    );
    return revokedPage(found, limit);
  },

  async allocateCrlNumber(db, issuer, now) {
    const row = await db.get<[number: number]>(
      'UPDATE crls SET last_number = greatest(last_number + 1, $2) WHERE issuer = $1 RETURNING last_number',
      issuer,
      now,
    );
    return row?.[0] ?? 0;
  },

  isCrlCurrent: async (db, issuer, number) =>
    (await db.get(
      'SELECT 1 FROM crls WHERE issuer = $1 AND number = $2 AND number > stale_up_to',
      issuer,
      number,
    )) !== undefined,

  async putCrl(db, issuer, { number, der, thisUpdate, nextUpdate }) {
    const put = await db.run(
      `UPDATE crls SET number = $1, der = $2, this_update = $3, next_update = $4,
                       last_number = greatest(last_number, $1)
       WHERE issuer = $5 AND (number IS NULL OR number < $1)`,
      number,
      der,
      thisUpdate,
      nextUpdate,
      issuer,
    );
    return put > 0;
  },

  async getCrl(db, issuer) {
    const row = await db.get<CrlRow>(
      `SELECT ${CRL} FROM crls WHERE issuer = $1 AND number IS NOT NULL`,
      issuer,
    );
    return row ? crlFromRow(row) : null;
  },
};

/**
 * Part of a statement that revokes, or takes back, and returns the `issuer`: every CRL of that issuer that has its number already
 * may have been made without it. Whoever is getting a number just now waits for this, and then sees the change, or has got it
 * before and is counted in.
 */
export function outdatingCrls(changed: string): string {
  return `outdated AS (UPDATE crls SET stale_up_to = last_number WHERE issuer = (SELECT issuer FROM ${changed}))`;
}
