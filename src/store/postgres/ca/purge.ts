import { endedCertificates, FORGETTABLE, type PurgeOperations, shared } from '../../rows/ca/purge.js';
import { searchKeys } from '../../rows/ca/search-keys.js';
import type { PostgresOperations } from '../operations.js';
import { carryOut, inPostgres } from '../shared.js';

/** Deletes records past their retention, found by index, a bounded number at a time. */
export const purgeOperations: PostgresOperations<PurgeOperations> = {
  ...inPostgres(shared),

  async purgeCertificates(db, before, limit) {
    const ended = await carryOut(db, endedCertificates(before, limit));
    const names = ended.flatMap(([serial, cn, identifiers, notAfter]) =>
      searchKeys({ cn, identifiers: JSON.parse(identifiers) }).map((name) => ({ name, notAfter, serial })),
    );
    // Checked again: a certificate that became the newest of a peer meanwhile stays.
    const outcome = await db.get<[count: number]>(
      `WITH gone AS (
         DELETE FROM certificates WHERE serial = ANY ($1::text[]) AND ${FORGETTABLE} RETURNING serial
       ),
       named AS (SELECT * FROM unnest($2::text[], $3::bigint[], $4::text[]) AS key (name, not_after, serial)),
       names AS (
         DELETE FROM certificate_names USING named JOIN gone ON gone.serial = named.serial
         WHERE certificate_names.name = named.name AND certificate_names.not_after = named.not_after
           AND certificate_names.serial = named.serial
       ),
       late AS (DELETE FROM not_renewed USING gone WHERE not_renewed.serial = gone.serial),
       admins AS (DELETE FROM admin_certificates USING gone WHERE admin_certificates.serial = gone.serial),
       peers AS (DELETE FROM peer_certificates USING gone WHERE peer_certificates.serial = gone.serial)
       SELECT count(*) FROM gone`,
      ended.map(([serial]) => serial),
      names.map(({ name }) => name),
      names.map(({ notAfter }) => notAfter),
      names.map(({ serial }) => serial),
    );
    return outcome?.[0] ?? 0;
  },
};
