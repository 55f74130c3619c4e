import { type CertificateRow, COLUMNS, serialOfAriId } from '../../rows/ra/certificates.js';
import type { Sql } from '../sql.js';

/** RFC 8555 §7.4.2, §7.6; RFC 9773. */

export function insertCertificate(sql: Sql, row: CertificateRow): void {
  sql.run(`INSERT INTO certificates (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, ...row);
}

/** RFC 9773 §5: at most one order replaces a certificate. */
export function claimPredecessor(sql: Sql, ariId: string, orderId: string): boolean {
  return (
    sql.run(
      'UPDATE certificates SET replaced_by = ? WHERE serial = ? AND ari_id = ? AND replaced_by IS NULL',
      orderId,
      serialOfAriId(ariId),
      ariId,
    ) > 0
  );
}

/** RFC 9773 §5: an order that became invalid no longer replaces a certificate; another order may. */
export function releasePredecessor(sql: Sql, orderId: string): void {
  const row = sql.get<[replaces: string | null, certificateId: string | null]>(
    'SELECT replaces, certificate_id FROM orders WHERE id = ?',
    orderId,
  );
  if (!row || row[0] === null || row[1] !== null) return;
  sql.run(
    'UPDATE certificates SET replaced_by = NULL WHERE serial = ? AND replaced_by = ?',
    serialOfAriId(row[0]),
    orderId,
  );
}
