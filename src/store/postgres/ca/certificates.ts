import { type CertificateOperations, COLUMNS, shared } from '../../rows/ca/certificates.js';
import { listedPage } from '../../rows/ca/listing.js';
import { searchedPage } from '../../rows/ca/search.js';
import { firstKey, isRenewed, MOST_LATER, type Renewable } from '../../rows/ca/successors.js';
import { CERTIFICATE_HOLD, KEY_COMPROMISE } from '../../rows/reasons.js';
import { all, type Statements } from '../../rows/shared.js';
import { audited, runAudited } from '../audit.js';
import type { PostgresOperations } from '../operations.js';
import { carryOut, inPostgres } from '../shared.js';

const common = inPostgres(shared);

/** One statement for all of them. */
export function* renewedAmong(certificates: readonly Renewable[]): Statements<Set<string>> {
  const asked = certificates.map((each) => {
    const { serial, notAfter } = each;
    return { serial, notAfter, name: firstKey(each) };
  });
  const later = yield* all<[serial: string, identifiers: string]>(
    `SELECT asked.serial, found.identifiers
     FROM jsonb_to_recordset($1::jsonb) AS asked (name text, "notAfter" bigint, serial text)
     CROSS JOIN LATERAL (
       SELECT c.identifiers FROM certificate_names n JOIN certificates c ON c.serial = n.serial
       WHERE n.name = asked.name AND n.not_after > asked."notAfter" AND c.revoked_at IS NULL AND c.deleted_at IS NULL
       ORDER BY n.not_after DESC LIMIT ${MOST_LATER}
     ) AS found`,
    JSON.stringify(asked),
  );
  const names = new Map<string, string[]>();
  for (const [serial, identifiers] of later) names.set(serial, [...(names.get(serial) ?? []), identifiers]);
  const renewed = certificates.filter((each) => isRenewed(each, names.get(each.serial) ?? []));
  return new Set(renewed.map(({ serial }) => serial));
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

  listCertificates: (db, after, limit, now, filter) => carryOut(db, listedPage(after, limit, now, filter)),
  searchCertificates: (db, after, limit, now, query) =>
    carryOut(db, searchedPage(query, after, limit, now, renewedAmong)),

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
