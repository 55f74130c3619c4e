import { endedCertificates, type PurgeOperations, shared } from '../../rows/ca/purge.js';
import { searchKeys } from '../../rows/ca/search-keys.js';
import { type SqliteOperations, write } from '../protocol.js';
import { carryOut, inSqlite } from '../shared.js';

/** Deletes rows past their retention, found by index, a bounded number at a time. */
export const purgeOperations = {
  ...inSqlite(shared),

  purgeCertificates: write((sql, before, limit) => {
    const ended = carryOut(sql, endedCertificates(before, limit));
    for (const [serial, cn, identifiers, notAfter] of ended) {
      for (const name of searchKeys({ cn, identifiers: JSON.parse(identifiers) })) {
        sql.run(
          'DELETE FROM certificate_names WHERE name = ? AND not_after = ? AND serial = ?',
          name,
          notAfter,
          serial,
        );
      }
      sql.run('DELETE FROM not_renewed WHERE serial = ?', serial);
      sql.run('DELETE FROM admin_certificates WHERE serial = ?', serial);
      sql.run('DELETE FROM certificates WHERE serial = ?', serial);
    }
    if (ended.length > 0) {
      sql.run(
        'DELETE FROM peer_certificates WHERE serial IN (SELECT value FROM json_each(?))',
        JSON.stringify(ended.map(([serial]) => serial)),
      );
    }
    return ended.length;
  }),
} satisfies SqliteOperations<PurgeOperations>;
