import { type CertificateOperations, COLUMNS, shared } from '../../rows/ca/certificates.js';
import { listedPage } from '../../rows/ca/listing.js';
import { searchedPage } from '../../rows/ca/search.js';
import { firstKey, isRenewed, MOST_LATER, type Renewable } from '../../rows/ca/successors.js';
import { CERTIFICATE_HOLD, KEY_COMPROMISE } from '../../rows/reasons.js';
import { all, type Statements } from '../../rows/shared.js';
import { runAudited } from '../audit.js';
import { read, type SqliteOperations, write } from '../protocol.js';
import { carryOut, inSqlite } from '../shared.js';
import type { Sql } from '../sql.js';
import { isCompromised } from './registry.js';

const common = inSqlite(shared);

/** Names of certificates that end later and may have taken its place. */
export function* laterThan(certificate: Renewable): Statements<string[]> {
  const found = yield* all<[identifiers: string]>(
    `SELECT c.identifiers FROM certificate_names n JOIN certificates c ON c.serial = n.serial
     WHERE n.name = $1 AND n.not_after > $2 AND c.revoked_at IS NULL AND c.deleted_at IS NULL
     ORDER BY n.not_after DESC LIMIT ${MOST_LATER}`,
    firstKey(certificate),
    certificate.notAfter,
  );
  return found.map(([identifiers]) => identifiers);
}

function* renewedAmong(certificates: readonly Renewable[]): Statements<Set<string>> {
  const renewed = new Set<string>();
  for (const each of certificates) if (isRenewed(each, yield* laterThan(each))) renewed.add(each.serial);
  return renewed;
}

const RETIRED = "SELECT 1 FROM authorities WHERE tag = ? AND kind <> 'cross' AND retired_at IS NOT NULL";

function insertName(sql: Sql, name: string, notAfter: number, serial: string): void {
  sql.run('INSERT INTO certificate_names (name, not_after, serial) VALUES (?, ?, ?)', name, notAfter, serial);
}

export const certificateOperations = {
  ...common,

  /** The certificate the order has already; undefined: this one was stored. */
  recordCertificate: write((sql, row, names, entry, evenRetired, key) => {
    const [serial, , , , , , notAfter, orderId] = row;
    const issuer = row[14];
    const earlier = () => (orderId === null ? undefined : common.findByOrder.run(sql, orderId));
    if (!evenRetired && sql.get(RETIRED, issuer)) return earlier() ?? 'issuer retired';
    if (key !== null && isCompromised(sql, key)) return earlier() ?? 'key compromised';
    // The batch rolls a failed call back, so the statement itself need not (see CHEAPER_COUNT_SCHEMA).
    const stored = runAudited(
      sql,
      entry,
      `INSERT OR FAIL INTO certificates (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (order_id) WHERE order_id IS NOT NULL DO NOTHING`,
      ...row,
    );
    if (stored) for (const name of names) insertName(sql, name, notAfter, serial);
    return stored ? undefined : earlier();
  }),

  listCertificates: read((sql, after, limit, now, filter) =>
    carryOut(sql, listedPage(after, limit, now, filter)),
  ),
  searchCertificates: read((sql, after, limit, now, query) =>
    carryOut(sql, searchedPage(query, after, limit, now, renewedAmong)),
  ),

  revoke: write((sql, serial, at, reason, entry, compromisedKey) => {
    const revoked = runAudited(
      sql,
      entry,
      `UPDATE certificates SET revoked_at = coalesce(revoked_at, ?1), reason = ?2
         WHERE serial = ?3 AND (revoked_at IS NULL OR (reason = ${CERTIFICATE_HOLD} AND ?2 IS NOT ${CERTIFICATE_HOLD})
           OR (reason IS NOT ${KEY_COMPROMISE} AND ?2 IS ${KEY_COMPROMISE}))`,
      at,
      reason,
      serial,
    );
    if (compromisedKey !== null) {
      sql.run(
        'INSERT INTO compromised_keys (fingerprint, learned_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
        compromisedKey,
        at,
      );
    }
    if (revoked) return 'revoked';
    return sql.get('SELECT 1 FROM certificates WHERE serial = ?', serial) ? 'already' : 'unknown';
  }),

  unrevoke: write((sql, serial, entry) =>
    runAudited(
      sql,
      entry,
      `UPDATE certificates SET revoked_at = NULL, reason = NULL
         WHERE serial = ? AND revoked_at IS NOT NULL AND reason = ${CERTIFICATE_HOLD}`,
      serial,
    ),
  ),

  markDeleted: write(
    (sql, serial, at, entry) =>
      runAudited(
        sql,
        entry,
        'UPDATE certificates SET deleted_at = ? WHERE serial = ? AND deleted_at IS NULL',
        at,
        serial,
      ) || sql.get('SELECT 1 FROM certificates WHERE serial = ?', serial) !== undefined,
  ),
} satisfies SqliteOperations<CertificateOperations>;
