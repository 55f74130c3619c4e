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
import type { CrlOperations } from '../../rows/ca/operations.js';
import { read, type SqliteOperations, write } from '../protocol.js';
import type { Sql } from '../sql.js';

/** RFC 5280 §5: the CRLs, one an issuer. */

export const crlOperations = {
  listRevoked: read(
    (sql, issuer: string, after: string | null, limit: number, endedFrom: number): Page<RevokedEntry> => {
      const rows = sql.all<RevokedRow>(
        `SELECT ${REVOKED} FROM certificates
         WHERE issuer = ? AND revoked_at IS NOT NULL AND (not_after, serial) > (?, ?)
         ORDER BY not_after, serial LIMIT ?`,
        issuer,
        ...revokedAfter(after, endedFrom),
        limit,
      );
      return revokedPage(rows, limit);
    },
  ),

  allocateCrlNumber: write(
    (sql, issuer: string, now: number): number =>
      sql.get<[number: number]>(
        'UPDATE crls SET last_number = max(last_number + 1, ?) WHERE issuer = ? RETURNING last_number',
        now,
        issuer,
      )?.[0] ?? 0,
  ),

  isCrlCurrent: read(
    (sql, issuer: string, number: number): boolean =>
      sql.get(
        'SELECT 1 FROM crls WHERE issuer = ? AND number = ? AND number > stale_up_to',
        issuer,
        number,
      ) !== undefined,
  ),

  putCrl: write(
    (sql, issuer: string, { number, der, thisUpdate, nextUpdate }: StoredCrl): boolean =>
      sql.run(
        `UPDATE crls SET number = ?, der = ?, this_update = ?, next_update = ?, last_number = max(last_number, ?)
         WHERE issuer = ? AND (number IS NULL OR number < ?)`,
        number,
        der,
        thisUpdate,
        nextUpdate,
        number,
        issuer,
        number,
      ) > 0,
  ),

  getCrl: read((sql, issuer: string): StoredCrl | null => {
    const row = sql.get<CrlRow>(`SELECT ${CRL} FROM crls WHERE issuer = ? AND number IS NOT NULL`, issuer);
    return row ? crlFromRow(row) : null;
  }),
} satisfies SqliteOperations<CrlOperations>;

/** Every CRL of the certificate's issuer that has its number already may lack this change. */
export function outdateCrls(sql: Sql, serial: string): void {
  sql.run(
    `UPDATE crls SET stale_up_to = last_number
     WHERE issuer = (SELECT issuer FROM certificates WHERE serial = ?)`,
    serial,
  );
}
