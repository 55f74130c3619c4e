import type { Page, RevokedEntry, StoredCrl } from '../../ca-store.js';
import {
  CRL,
  type CrlRow,
  crlFromRow,
  REVOKED,
  type RevokedRow,
  revokedAfter,
  revokedPage,
} from '../../rows/ca/crl.js';
import { read, write } from '../protocol.js';

/** RFC 5280 §5. */

export const crlOperations = {
  listRevoked: read((sql, after: string | null, limit: number, now: number): Page<RevokedEntry> => {
    const rows = sql.all<RevokedRow>(
      `SELECT ${REVOKED} FROM certificates
       WHERE revoked_at IS NOT NULL AND (not_after, serial) > (?, ?) ORDER BY not_after, serial LIMIT ?`,
      ...revokedAfter(after, now),
      limit,
    );
    return revokedPage(rows, limit);
  }),

  allocateCrlNumber: write(
    (sql): number =>
      sql.get<[number: number]>('UPDATE crl SET last_number = last_number + 1 RETURNING last_number')?.[0] ??
      0,
  ),

  putCrl: write(
    (sql, { number, der, thisUpdate, nextUpdate }: StoredCrl): boolean =>
      sql.run(
        `UPDATE crl SET number = ?, der = ?, this_update = ?, next_update = ?, last_number = max(last_number, ?)
         WHERE number IS NULL OR number < ?`,
        number,
        der,
        thisUpdate,
        nextUpdate,
        number,
        number,
      ) > 0,
  ),

  getCrl: read((sql): StoredCrl | null => {
    const row = sql.get<CrlRow>(`SELECT ${CRL} FROM crl WHERE number IS NOT NULL`);
    return row ? crlFromRow(row) : null;
  }),
};
