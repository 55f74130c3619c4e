import type { PurgeOperations } from '../../rows/ca/operations.js';
import { ENDED, type EndedRow, forgettable } from '../../rows/ca/purge.js';
import { searchKeys } from '../../rows/ca/search-keys.js';
import { read, type SqliteOperations, write } from '../protocol.js';

/** Deletes rows kept long enough, found by index, a bounded number at a time. */
export const purgeOperations = {
  purgeCertificates: write((sql, before: number, limit: number): number => {
    const ended = sql.all<EndedRow>(
      `SELECT ${ENDED} FROM certificates WHERE not_after < ? AND ${forgettable('rowid')}
       ORDER BY not_after, serial LIMIT ?`,
      before,
      limit,
    );
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

  purgeDocuments: write((sql, before: number, limit: number): number => {
    const old = sql.all<[kind: string, id: string]>(
      "SELECT kind, id FROM documents WHERE kept_at < ? AND kind <> 'account' ORDER BY kept_at LIMIT ?",
      before,
      limit,
    );
    for (const [kind, id] of old) sql.run('DELETE FROM documents WHERE kind = ? AND id = ?', kind, id);
    return old.length;
  }),

  countPurgeable: read((sql, before: number): [certificates: number, documents: number] => [
    sql.get<[count: number]>(
      `SELECT count(*) FROM certificates WHERE not_after < ? AND ${forgettable('rowid')}`,
      before,
    )?.[0] ?? 0,
    sql.get<[count: number]>(
      "SELECT count(*) FROM documents WHERE kept_at < ? AND kind <> 'account'",
      before,
    )?.[0] ?? 0,
  ]),
} satisfies SqliteOperations<PurgeOperations>;
