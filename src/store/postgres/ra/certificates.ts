import { CERTIFICATE_HOLD, type CertificateRow, COLUMNS, serialOfAriId } from '../../rows/ra/certificates.js';
import type { CertificateOperations } from '../../rows/ra/operations.js';
import type { PostgresOperations } from '../operations.js';

/** RFC 8555 §7.4.2, §7.6; RFC 9773. */

export const certificateOperations: PostgresOperations<CertificateOperations> = {
  async releaseReplaced(db, ariId, orderId) {
    await db.run(
      'UPDATE certificates SET replaced_by = NULL WHERE serial = $1 AND ari_id = $2 AND replaced_by = $3',
      serialOfAriId(ariId),
      ariId,
      orderId,
    );
  },

  getCertificate: (db, id) => db.get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE id = $1`, id),

  findCertificateBySerial: (db, serial) =>
    db.get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE serial = $1`, serial),

  findCertificateByAriId: (db, ariId) =>
    db.get<CertificateRow>(
      `SELECT ${COLUMNS} FROM certificates WHERE serial = $1 AND ari_id = $2`,
      serialOfAriId(ariId),
      ariId,
    ),

  async recordRevocation(db, serial, at, reason) {
    await db.run(
      `UPDATE certificates SET revoked_at = coalesce(revoked_at, $2), revocation_reason = $3
       WHERE serial = $1 AND (revoked_at IS NULL OR revocation_reason = ${CERTIFICATE_HOLD})`,
      serial,
      at,
      reason,
    );
  },

  async clearRevocation(db, serial) {
    await db.run(
      `UPDATE certificates SET revoked_at = NULL, revocation_reason = NULL
       WHERE serial = $1 AND revocation_reason = ${CERTIFICATE_HOLD}`,
      serial,
    );
  },
};

/** The serial of the certificate that an order replaces, by the order's `replaces`. */
export function replacedSerial(replaces: string | null | undefined): string | null {
  return typeof replaces === 'string' ? serialOfAriId(replaces) : null;
}

/**
 * RFC 9773 §5: an order that became invalid no longer replaces anything; another one may. Part of the statement that ends
 * it: `order` is a query of its id, `serial` the parameter with its predecessor's serial. Whoever is giving the order a
 * certificate just now is waited for, and comes first.
 */
export function releasePredecessor(order: string, serial: string): string {
  return `
    ended AS (SELECT id FROM orders WHERE id = (${order}) AND certificate_id IS NULL FOR UPDATE),
    released AS (
      UPDATE certificates SET replaced_by = NULL WHERE serial = ${serial} AND replaced_by = (SELECT id FROM ended)
    )`;
}
