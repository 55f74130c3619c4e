import type { Certificate } from '../../../model/facts.js';
import { CERTIFICATE_HOLD, KEY_COMPROMISE } from '../reasons.js';
import { get, run, type SharedOperations } from '../shared.js';

/** RFC 8555 §7.4.2, §7.6; RFC 9773. */

export const COLUMNS =
  'id, order_id, account_id, serial, ari_id, fingerprint, identifiers, chain, not_before, not_after, ' +
  'revoked_at, revocation_reason, replaced_by';

export type CertificateRow = [
  id: string,
  orderId: string,
  accountId: string,
  serial: string,
  ariId: string,
  fingerprint: string,
  identifiers: string,
  chain: string,
  notBefore: number,
  notAfter: number,
  revokedAt: number | null,
  revocationReason: number | null,
  replacedBy: string | null,
];

export function toRow(certificate: Certificate): CertificateRow {
  return [
    certificate.id,
    certificate.orderId,
    certificate.accountId,
    certificate.serial,
    certificate.ariId,
    certificate.fingerprint,
    JSON.stringify(certificate.identifiers),
    certificate.chain,
    certificate.notBefore,
    certificate.notAfter,
    certificate.revokedAt,
    certificate.revocationReason,
    certificate.replacedBy,
  ];
}

export function fromRow(row: CertificateRow): Certificate {
  const [id, orderId, accountId, serial, ariId, fingerprint, identifiers, chain, ...rest] = row;
  const [notBefore, notAfter, revokedAt, revocationReason, replacedBy] = rest;
  return {
    id,
    orderId,
    accountId,
    serial,
    ariId,
    fingerprint,
    identifiers: JSON.parse(identifiers),
    chain,
    notBefore,
    notAfter,
    revokedAt,
    revocationReason,
    replacedBy,
  };
}

/** RFC 9773 §4.1: the second half of a certificate identifier is the serial number's content octets. */
export function serialOfAriId(ariId: string): string {
  return Buffer.from(ariId.slice(ariId.indexOf('.') + 1), 'base64url').toString('hex');
}

/** RFC 8555 §7.4.2, §7.6; RFC 9773. */
export interface CertificateOperations {
  releaseReplaced(ariId: string, orderId: string): void;
  getCertificate(id: string): CertificateRow | undefined;
  findCertificateBySerial(serial: string): CertificateRow | undefined;
  findCertificateByAriId(ariId: string): CertificateRow | undefined;
  /** The first revocation's time stays, and its reason, but for a hold's and for keyCompromise. */
  recordRevocation(serial: string, at: number, reason: number | null): void;
  clearRevocation(serial: string): void;
}

export const shared = {
  reads: {
    getCertificate: (id) => get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE id = $1`, id),

    findCertificateBySerial: (serial) =>
      get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE serial = $1`, serial),

    findCertificateByAriId: (ariId) =>
      get<CertificateRow>(
        `SELECT ${COLUMNS} FROM certificates WHERE serial = $1 AND ari_id = $2`,
        serialOfAriId(ariId),
        ariId,
      ),
  },
  writes: {
    *releaseReplaced(ariId, orderId) {
      yield* run(
        'UPDATE certificates SET replaced_by = NULL WHERE serial = $1 AND ari_id = $2 AND replaced_by = $3',
        serialOfAriId(ariId),
        ariId,
        orderId,
      );
    },

    *recordRevocation(serial, at, reason) {
      yield* run(
        `UPDATE certificates SET revoked_at = coalesce(revoked_at, $2), revocation_reason = $3
         WHERE serial = $1
           AND (revoked_at IS NULL OR revocation_reason = ${CERTIFICATE_HOLD} OR $3 = ${KEY_COMPROMISE})`,
        serial,
        at,
        reason,
      );
    },

    *clearRevocation(serial) {
      yield* run(
        `UPDATE certificates SET revoked_at = NULL, revocation_reason = NULL
         WHERE serial = $1 AND revocation_reason = ${CERTIFICATE_HOLD}`,
        serial,
      );
    },
  },
} satisfies SharedOperations<CertificateOperations>;
