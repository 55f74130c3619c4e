import type { CertificateQuery } from '../../contract/ca/certificate-query.js';
import type { Page } from '../../contract/ca/certificates.js';
import {
  type CertificateOperations,
  type CertificateRow,
  COLUMNS,
  shared,
} from '../../rows/ca/certificates.js';
import { isDecided, listedPage, type SerialPage } from '../../rows/ca/listing.js';
import {
  firstKey,
  isRenewed,
  MOST_LATER,
  planSearch,
  type SearchRow,
  searchPage,
} from '../../rows/ca/search.js';
import { runAudited } from '../audit.js';
import { read, type SqliteOperations, write } from '../protocol.js';
import { carryOut, inSqlite } from '../shared.js';
import type { Sql } from '../sql.js';
import { isCompromised } from './registry.js';

const common = inSqlite(shared);

/** The page with the certificates themselves. */
function filled(sql: Sql, { serials, next }: SerialPage): Page<CertificateRow> {
  const rows = serials.map((serial) => common.findBySerial.run(sql, serial));
  return { items: rows.filter((row) => row !== undefined), next };
}

function search(
  sql: Sql,
  after: string | null,
  limit: number,
  now: number,
  query: CertificateQuery,
): Page<CertificateRow> {
  const plan = planSearch(query, after, limit, now);
  let page: SerialPage = { serials: [], next: null };
  for (const window of plan.windows) {
    const examined = carryOut(sql, plan.look(window));
    const wanted = query.notRenewed ? examined.filter((row) => plan.wants(row)) : [];
    const renewed = new Set(wanted.filter((row) => isRenewed(row, laterThan(sql, row))).map((row) => row[2]));
    page = searchPage(plan, examined, window, limit, renewed);
    if (isDecided(page, limit)) break;
  }
  return filled(sql, page);
}

/** Names of certificates that end later and may have taken its place. */
export function laterThan(sql: Sql, row: SearchRow): string[] {
  const found = sql.all<[identifiers: string]>(
    `SELECT c.identifiers FROM certificate_names n JOIN certificates c ON c.serial = n.serial
     WHERE n.name = ? AND n.not_after > ? AND c.revoked_at IS NULL AND c.deleted_at IS NULL
     ORDER BY n.not_after DESC LIMIT ${MOST_LATER}`,
    firstKey(row),
    row[1],
  );
  return found.map(([identifiers]) => identifiers);
}

const RETIRED = "SELECT 1 FROM authorities WHERE tag = ? AND kind <> 'cross' AND retired_at IS NOT NULL";

/** RFC 5280 §5.3.1. */
const KEY_COMPROMISE = 1;
const CERTIFICATE_HOLD = 6;

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
    filled(sql, carryOut(sql, listedPage(after, limit, now, filter))),
  ),
  searchCertificates: read(search),

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
