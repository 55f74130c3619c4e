import { CERTIFICATE_HOLD, type CertificateRow, COLUMNS, serialOfAriId } from '../../rows/ra/certificates.js';
import type { CertificateOperations } from '../../rows/ra/operations.js';
import { read, type SqliteOperations, write } from '../protocol.js';
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

/** RFC 9773 §5: an order that became invalid no longer replaces anything; another one may. */
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

export const certificateOperations = {
  releaseReplaced: write((sql, ariId: string, orderId: string): void => {
    sql.run(
      'UPDATE certificates SET replaced_by = NULL WHERE serial = ? AND ari_id = ? AND replaced_by = ?',
      serialOfAriId(ariId),
      ariId,
      orderId,
    );
  }),

  getCertificate: read((sql, id: string): CertificateRow | undefined =>
    sql.get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE id = ?`, id),
  ),

  findCertificateBySerial: read((sql, serial: string): CertificateRow | undefined =>
    sql.get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE serial = ?`, serial),
  ),

  findCertificateByAriId: read((sql, ariId: string): CertificateRow | undefined =>
    sql.get<CertificateRow>(
      `SELECT ${COLUMNS} FROM certificates WHERE serial = ? AND ari_id = ?`,
      serialOfAriId(ariId),
      ariId,
    ),
  ),

  /** The first revocation's time and reason stay, but for a hold's reason. */
  recordRevocation: write((sql, serial: string, at: number, reason: number | null): void => {
    sql.run(
      `UPDATE certificates SET revoked_at = coalesce(revoked_at, ?), revocation_reason = ?
       WHERE serial = ? AND (revoked_at IS NULL OR revocation_reason = ${CERTIFICATE_HOLD})`,
      at,
      reason,
      serial,
    );
  }),

  clearRevocation: write((sql, serial: string): void => {
    sql.run(
      `UPDATE certificates SET revoked_at = NULL, revocation_reason = NULL
       WHERE serial = ? AND revocation_reason = ${CERTIFICATE_HOLD}`,
      serial,
    );
  }),
} satisfies SqliteOperations<CertificateOperations>;
