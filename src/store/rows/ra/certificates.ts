import type { Certificate } from '../../../model/facts.js';

/** RFC 8555 §7.4.2, §7.6; RFC 9773. */

/** RFC 5280 §5.3.1. */
export const CERTIFICATE_HOLD = 6;

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
