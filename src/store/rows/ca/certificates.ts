import type { CertificateRecord } from '../../contract/ca.js';

export const COLUMNS =
  'serial, cn, dn, profile, identifiers, not_before, not_after, order_id, account_id, issued_at, ' +
  'revoked_at, reason, deleted_at, der, issuer';

export type CertificateRow = [
  serial: string,
  cn: string,
  dn: string,
  profile: string,
  identifiers: string,
  notBefore: number,
  notAfter: number,
  orderId: string | null,
  accountId: string | null,
  issuedAt: number,
  revokedAt: number | null,
  reason: number | null,
  deletedAt: number | null,
  der: Uint8Array,
  issuer: string,
];

export function toRow(record: CertificateRecord): CertificateRow {
  return [
    record.serial,
    record.cn,
    record.dn,
    record.profile,
    JSON.stringify(record.identifiers),
    record.notBefore,
    record.notAfter,
    record.orderId,
    record.accountId,
    record.issuedAt,
    record.revokedAt,
    record.reason,
    record.deletedAt,
    record.der,
    record.issuer,
  ];
}

export function fromRow(row: CertificateRow): CertificateRecord {
  const [serial, cn, dn, profile, identifiers, notBefore, notAfter, orderId, accountId, ...rest] = row;
  const [issuedAt, revokedAt, reason, deletedAt, der, issuer] = rest;
  return {
    serial,
    cn,
    dn,
    profile,
    identifiers: JSON.parse(identifiers),
    der,
    notBefore,
    notAfter,
    orderId,
    accountId,
    issuedAt,
    revokedAt,
    reason,
    deletedAt,
    issuer,
  };
}
