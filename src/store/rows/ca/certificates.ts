import type { CertificateQuery } from '../../contract/ca/certificate-query.js';
import type { CertificateFilter, CertificateRecord, Page } from '../../contract/ca/certificates.js';
import { all, get, type SharedOperations } from '../shared.js';

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

/** Issued and revoked certificates. */
export interface CertificateOperations {
  /** The certificate the order has already; undefined: this one was stored. */
  recordCertificate(
    row: CertificateRow,
    names: string[],
    entry: string,
    evenRetired: boolean,
    key: string | null,
  ): 'issuer retired' | 'key compromised' | CertificateRow | undefined;
  findByOrder(orderId: string): CertificateRow | undefined;
  findBySerial(serial: string): CertificateRow | undefined;
  listByCn(cn: string, limit: number): CertificateRow[];
  listAdminCertificates(): CertificateRow[];
  listCertificates(
    after: string | null,
    limit: number,
    now: number,
    filter: CertificateFilter,
  ): Page<CertificateRow>;
  searchCertificates(
    after: string | null,
    limit: number,
    now: number,
    query: CertificateQuery,
  ): Page<CertificateRow>;
  revoke(
    serial: string,
    at: number,
    reason: number | null,
    entry: string,
    compromisedKey: string | null,
  ): 'already' | 'revoked' | 'unknown';
  unrevoke(serial: string, entry: string): boolean;
  markDeleted(serial: string, at: number, entry: string): boolean;
}

export const shared = {
  reads: {
    findByOrder: (orderId) =>
      get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE order_id = $1`, orderId),

    findBySerial: (serial) =>
      get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE serial = $1`, serial),

    listByCn: (cn, limit) =>
      all<CertificateRow>(
        `SELECT ${COLUMNS} FROM certificates WHERE cn = $1 AND deleted_at IS NULL ORDER BY seq DESC LIMIT $2`,
        cn,
        limit,
      ),

    listAdminCertificates: () =>
      all<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE profile = 'admin' ORDER BY seq`),
  },
  writes: {},
} satisfies SharedOperations<CertificateOperations>;
