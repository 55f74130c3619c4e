import type { CertificateFilter, CertificateRecord, CertificateState, Page } from '../../ca-store.js';
import { read, write } from '../protocol.js';
import type { Sql } from '../sql.js';

const COLUMNS =
  'serial, cn, dn, profile, identifiers, not_before, not_after, order_id, account_id, issued_at, ' +
  'revoked_at, reason, deleted_at, der';

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
  ];
}

export function fromRow(row: CertificateRow): CertificateRecord {
  const [serial, cn, dn, profile, identifiers, notBefore, notAfter, orderId, accountId, ...rest] = row;
  const [issuedAt, revokedAt, reason, deletedAt, der] = rest;
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
  };
}

function bySerial(sql: Sql, serial: string): CertificateRow | undefined {
  return sql.get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE serial = ?`, serial);
}

function byOrder(sql: Sql, orderId: string): CertificateRow | undefined {
  return sql.get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE order_id = ?`, orderId);
}

function byCn(sql: Sql, cn: string, limit: number): CertificateRow[] {
  return sql.all<CertificateRow>(
    `SELECT ${COLUMNS} FROM certificates WHERE cn = ? AND deleted_at IS NULL ORDER BY rowid DESC LIMIT ?`,
    cn,
    limit,
  );
}

/** Rows one page of a filtered listing looks at: a few milliseconds, whatever the filter leaves over. */
const MAX_EXAMINED = 2_000;

function list(
  sql: Sql,
  after: string | null,
  limit: number,
  now: number,
  filter: CertificateFilter,
): Page<CertificateRow> {
  // The inner query is bounded, so that a filter nothing passes cannot make the page read the whole table.
  const examined = Math.max(MAX_EXAMINED, limit);
  const source = filter.cn === undefined ? 'serial > ?' : 'serial > ? AND cn = ?';
  const window = sql.all<
    [serial: string, notAfter: number, revokedAt: number | null, deletedAt: number | null]
  >(
    `SELECT serial, not_after, revoked_at, deleted_at FROM certificates WHERE ${source} ORDER BY serial LIMIT ?`,
    ...(filter.cn === undefined ? [after ?? '', examined] : [after ?? '', filter.cn, examined]),
  );
  const items: CertificateRow[] = [];
  for (const [serial, notAfter, revokedAt, deletedAt] of window) {
    if (deletedAt !== null) continue;
    if (filter.state !== undefined && filter.state !== stateAt(notAfter, revokedAt, now)) continue;
    if (filter.expiresBefore !== undefined && notAfter >= filter.expiresBefore) continue;
    if (items.length === limit) return { items, next: items.at(-1)?.[0] ?? null };
    const row = bySerial(sql, serial);
    if (row) items.push(row);
  }
  return { items, next: window.length < examined ? null : (window.at(-1)?.[0] ?? null) };
}

function stateAt(notAfter: number, revokedAt: number | null, now: number): CertificateState {
  if (revokedAt !== null) return 'revoked';
  return notAfter < now ? 'expired' : 'good';
}

/** RFC 5280 §5.3.1. */
const CERTIFICATE_HOLD = 6;

export const certificateOperations = {
  /** The certificate the order has already; undefined: this one was stored. */
  recordCertificate: write((sql, row: CertificateRow): CertificateRow | undefined => {
    const orderId = row[7];
    const stored = sql.run(
      `INSERT INTO certificates (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (order_id) WHERE order_id IS NOT NULL DO NOTHING`,
      ...row,
    );
    return stored > 0 || orderId === null ? undefined : byOrder(sql, orderId);
  }),

  findByOrder: read(byOrder),
  findBySerial: read(bySerial),
  listByCn: read(byCn),
  listCertificates: read(list),

  revoke: write(
    (sql, serial: string, at: number, reason: number | null): 'revoked' | 'already' | 'unknown' => {
      const changes = sql.run(
        'UPDATE certificates SET revoked_at = ?, reason = ? WHERE serial = ? AND revoked_at IS NULL',
        at,
        reason,
        serial,
      );
      if (changes > 0) return 'revoked';
      return sql.get('SELECT 1 FROM certificates WHERE serial = ?', serial) ? 'already' : 'unknown';
    },
  ),

  unrevoke: write(
    (sql, serial: string): boolean =>
      sql.run(
        `UPDATE certificates SET revoked_at = NULL, reason = NULL
         WHERE serial = ? AND revoked_at IS NOT NULL AND reason = ${CERTIFICATE_HOLD}`,
        serial,
      ) > 0,
  ),

  markDeleted: write(
    (sql, serial: string, at: number): boolean =>
      sql.run('UPDATE certificates SET deleted_at = coalesce(deleted_at, ?) WHERE serial = ?', at, serial) >
      0,
  ),
};
