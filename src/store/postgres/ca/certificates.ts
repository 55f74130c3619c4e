import { type CertificateRow, COLUMNS } from '../../rows/ca/certificates.js';
import { EXAMINED, type ExaminedRow, isDecided, pageOf, windowsFor } from '../../rows/ca/listing.js';
import type { certificateOperations as rows } from '../../sqlite/ca/certificates.js';
import { audited, runAudited } from '../audit.js';
import type { Database } from '../database.js';
import type { PostgresOperations } from '../operations.js';
import { outdatingCrls } from './crl.js';

function byOrder(db: Database, orderId: string): Promise<CertificateRow | undefined> {
  return db.get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE order_id = $1`, orderId);
}

/** RFC 5280 §5.3.1. */
const CERTIFICATE_HOLD = 6;

export const certificateOperations: PostgresOperations<typeof rows> = {
  async recordCertificate(db, row, entry) {
    const orderId = row[7];
    const stored = await runAudited(
      db,
      entry,
      `INSERT INTO certificates (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
       ON CONFLICT (order_id) WHERE order_id IS NOT NULL DO NOTHING`,
      ...row,
    );
    return stored || orderId === null ? undefined : byOrder(db, orderId);
  },

  findByOrder: byOrder,

  findBySerial: (db, serial) =>
    db.get<CertificateRow>(`SELECT ${COLUMNS} FROM certificates WHERE serial = $1`, serial),

  listByCn: (db, cn, limit) =>
    db.all<CertificateRow>(
      `SELECT ${COLUMNS} FROM certificates WHERE cn = $1 AND deleted_at IS NULL ORDER BY seq DESC LIMIT $2`,
      cn,
      limit,
    ),

  async listCertificates(db, after, limit, now, filter) {
    const source = filter.cn === undefined ? 'serial > $1' : 'serial > $1 AND cn = $3';
    let page: ReturnType<typeof pageOf> = { serials: [], next: null };
    for (const window of windowsFor(limit)) {
      const examined = await db.all<ExaminedRow>(
        `SELECT ${EXAMINED} FROM certificates WHERE ${source} ORDER BY serial LIMIT $2`,
        after ?? '',
        window,
        ...(filter.cn === undefined ? [] : [filter.cn]),
      );
      page = pageOf(examined, window, limit, now, filter);
      if (isDecided(page, limit)) break;
    }
    const items = await db.all<CertificateRow>(
      `SELECT ${COLUMNS} FROM certificates WHERE serial = ANY ($1::text[]) ORDER BY serial`,
      page.serials,
    );
    return { items, next: page.next };
  },

  async revoke(db, serial, at, reason, entry) {
    const outcome = await db.get<[revoked: boolean, known: boolean]>(
      `WITH revoked AS (
         UPDATE certificates SET revoked_at = $2, reason = $3 WHERE serial = $1 AND revoked_at IS NULL
         RETURNING serial
       ),
       ${outdatingCrls('revoked')},
       ${audited('revoked', '$4')}
       SELECT EXISTS (SELECT FROM revoked), EXISTS (SELECT FROM certificates WHERE serial = $1)`,
      serial,
      at,
      reason,
      entry,
    );
    if (outcome?.[0]) return 'revoked';
    return outcome?.[1] ? 'already' : 'unknown';
  },

  async unrevoke(db, serial, entry) {
    const outcome = await db.get<[back: boolean]>(
      `WITH back AS (
         UPDATE certificates SET revoked_at = NULL, reason = NULL
         WHERE serial = $1 AND revoked_at IS NOT NULL AND reason = ${CERTIFICATE_HOLD} RETURNING serial
       ),
       ${outdatingCrls('back')},
       ${audited('back', '$2')}
       SELECT EXISTS (SELECT FROM back)`,
      serial,
      entry,
    );
    return outcome?.[0] ?? false;
  },

  async markDeleted(db, serial, at, entry) {
    const outcome = await db.get<[known: boolean]>(
      `WITH deleted AS (
         UPDATE certificates SET deleted_at = $2 WHERE serial = $1 AND deleted_at IS NULL RETURNING serial
       ),
       ${audited('deleted', '$3')}
       SELECT EXISTS (SELECT FROM certificates WHERE serial = $1)`,
      serial,
      at,
      entry,
    );
    return outcome?.[0] ?? false;
  },
};
