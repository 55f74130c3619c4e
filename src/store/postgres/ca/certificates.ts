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
import { audited, runAudited } from '../audit.js';
import type { Database } from '../database.js';
import type { PostgresOperations } from '../operations.js';
import { carryOut, inPostgres } from '../shared.js';

const common = inPostgres(shared);

async function search(
  db: Database,
  after: string | null,
  limit: number,
  now: number,
  query: CertificateQuery,
): Promise<Page<CertificateRow>> {
  const plan = planSearch(query, after, limit, now);
  let page: SerialPage = { serials: [], next: null };
  for (const window of plan.windows) {
    const examined = await carryOut(db, plan.look(window));
    const renewed = query.notRenewed
      ? await renewedAmong(db, examined.filter(plan.wants))
      : new Set<string>();
    page = searchPage(plan, examined, window, limit, renewed);
    if (isDecided(page, limit)) break;
  }
  const found = await db.all<CertificateRow>(
    `SELECT ${COLUMNS} FROM certificates WHERE serial = ANY ($1::text[])`,
    page.serials,
  );
  const bySerial = new Map(found.map((row) => [row[0], row]));
  const items = page.serials.map((serial) => bySerial.get(serial)).filter((row) => row !== undefined);
  return { items, next: page.next };
}

/** Serials of certificates that have a successor. */
export async function renewedAmong(db: Database, rows: readonly SearchRow[]): Promise<Set<string>> {
  const later = await db.all<[serial: string, identifiers: string]>(
    `SELECT asked.serial, found.identifiers
     FROM unnest($1::text[], $2::bigint[], $3::text[]) AS asked (name, not_after, serial)
     CROSS JOIN LATERAL (
       SELECT c.identifiers FROM certificate_names n JOIN certificates c ON c.serial = n.serial
       WHERE n.name = asked.name AND n.not_after > asked.not_after AND c.revoked_at IS NULL AND c.deleted_at IS NULL
       ORDER BY n.not_after DESC LIMIT ${MOST_LATER}
     ) AS found`,
    rows.map(firstKey),
    rows.map((row) => row[1]),
    rows.map((row) => row[2]),
  );
  const names = new Map<string, string[]>();
  for (const [serial, identifiers] of later) names.set(serial, [...(names.get(serial) ?? []), identifiers]);
  return new Set(rows.filter((row) => isRenewed(row, names.get(row[2]) ?? [])).map((row) => row[2]));
}

const RETIRED = "SELECT FROM authorities WHERE tag = $15 AND kind <> 'cross' AND retired_at IS NOT NULL";
const COMPROMISED = 'SELECT FROM compromised_keys WHERE fingerprint = $18::text';

const record = (condition: string) => `
  WITH done AS (
    INSERT INTO certificates (${COLUMNS})
    SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::bigint, $8::text, $9::text,
           $10::bigint, $11::bigint, $12::integer, $13::bigint, $14::bytea, $15::text
    WHERE NOT EXISTS (${COMPROMISED}) ${condition}
    ON CONFLICT (order_id) WHERE order_id IS NOT NULL DO NOTHING RETURNING serial, not_after
  ),
  named AS (
    INSERT INTO certificate_names (name, not_after, serial)
    SELECT name, not_after, serial FROM done, unnest($16::text[]) AS name
  ),
  ${audited('done', '$17')}
  SELECT EXISTS (SELECT FROM done), EXISTS (${COMPROMISED})`;
const RECORD = record('');
const RECORD_UNLESS_RETIRED = record(`AND NOT EXISTS (${RETIRED})`);

/** RFC 5280 §5.3.1. */
const KEY_COMPROMISE = 1;
const CERTIFICATE_HOLD = 6;

export const certificateOperations: PostgresOperations<CertificateOperations> = {
  ...common,

  async recordCertificate(db, row, names, entry, evenRetired, key) {
    const orderId = row[7];
    const stored = await db.get<[stored: boolean, compromised: boolean]>(
      evenRetired ? RECORD : RECORD_UNLESS_RETIRED,
      ...row,
      names,
      entry,
      key,
    );
    if (stored?.[0]) return undefined;
    const earlier = orderId === null ? undefined : await common.findByOrder(db, orderId);
    return earlier ?? (stored?.[1] ? 'key compromised' : 'issuer retired');
  },

  async listCertificates(db, after, limit, now, filter) {
    const { serials, next } = await carryOut(db, listedPage(after, limit, now, filter));
    const items = await db.all<CertificateRow>(
      `SELECT ${COLUMNS} FROM certificates WHERE serial = ANY ($1::text[]) ORDER BY serial`,
      serials,
    );
    return { items, next };
  },

  searchCertificates: search,

  async revoke(db, serial, at, reason, entry, compromisedKey) {
    const outcome = await db.get<[revoked: boolean, known: boolean]>(
      `WITH revoked AS (
         UPDATE certificates SET revoked_at = coalesce(revoked_at, $2), reason = $3::integer
         WHERE serial = $1 AND
           (revoked_at IS NULL OR (reason = ${CERTIFICATE_HOLD} AND $3::integer IS DISTINCT FROM ${CERTIFICATE_HOLD})
             OR (reason IS DISTINCT FROM ${KEY_COMPROMISE} AND $3::integer = ${KEY_COMPROMISE}))
         RETURNING serial
       ),
       compromised AS (
         INSERT INTO compromised_keys (fingerprint, learned_at)
         SELECT $5::text, $2::bigint WHERE $5::text IS NOT NULL ON CONFLICT DO NOTHING
       ),
       ${audited('revoked', '$4')}
       SELECT EXISTS (SELECT FROM revoked), EXISTS (SELECT FROM certificates WHERE serial = $1)`,
      serial,
      at,
      reason,
      entry,
      compromisedKey,
    );
    if (outcome?.[0]) return 'revoked';
    return outcome?.[1] ? 'already' : 'unknown';
  },

  unrevoke: (db, serial, entry) =>
    runAudited(
      db,
      entry,
      `UPDATE certificates SET revoked_at = NULL, reason = NULL
       WHERE serial = $1 AND revoked_at IS NOT NULL AND reason = ${CERTIFICATE_HOLD}`,
      serial,
    ),

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
