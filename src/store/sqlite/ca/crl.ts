import type { Page, RevokedEntry, StoredCrl } from '../../contract/ca.js';
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
import type { Sql } from '../sql.js';

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

  isCrlCurrent: read(
    (sql, number: number): boolean =>
      sql.get('SELECT 1 FROM crl WHERE id = 1 AND number = ? AND number > stale_up_to', number) !== undefined,
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

/** Every CRL that has its number already may have been made without what is revoked, or taken back, just now. */
export function outdateCrls(sql: Sql): void {
  sql.run('UPDATE crl SET stale_up_to = last_number WHERE id = 1');
}
