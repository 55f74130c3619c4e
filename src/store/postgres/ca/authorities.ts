import type { AuthorityChange } from '../../contract/ca.js';
import { AUTHORITY, type AuthorityRow, authorityRow, CHANGEABLE } from '../../rows/ca/authorities.js';
import type { AuthorityOperations } from '../../rows/ca/operations.js';
import { audited, runAudited } from '../audit.js';
import type { PostgresOperations } from '../operations.js';

/** The set of roots and issuers. */

export const authorityOperations: PostgresOperations<AuthorityOperations> = {
  listAuthorities: (db) => db.all<AuthorityRow>(`SELECT ${AUTHORITY} FROM authorities ORDER BY seq`),

  async addAuthority(db, record, instead, entry) {
    // Of two concurrent successors, the second waits for the row lock and then finds the predecessor retired.
    const row = await db.get<[added: boolean]>(
      `WITH free AS (
         UPDATE authorities SET retired_at = $10
         WHERE id = $14 AND retired_at IS NULL AND NOT EXISTS (SELECT FROM authorities WHERE id = $1)
         RETURNING 1
       ),
       added AS (
         INSERT INTO authorities (${AUTHORITY})
         SELECT $1::text, $2::text, $3::text, $4::bytea, $5::text, $6::text, $7::text, $8::text, $9::bytea,
                $10::bigint, $11::bigint, $12::bigint, $13::bigint
         WHERE $14::text IS NULL OR EXISTS (SELECT FROM free)
         ON CONFLICT (id) DO NOTHING RETURNING id
       ),
       room AS (
         INSERT INTO crls (issuer) SELECT $3::text FROM added ON CONFLICT DO NOTHING
       ),
       ${audited('added', '$15')}
       SELECT EXISTS (SELECT FROM added)`,
      ...authorityRow(record),
      instead,
      entry,
    );
    return row?.[0] ?? false;
  },

  async changeAuthority(db, id, change, entry) {
    const columns = Object.entries(CHANGEABLE).flatMap(([fact, column]) => {
      const value = change[fact as keyof AuthorityChange];
      return value === undefined ? [] : [{ column, value }];
    });
    if (columns.length === 0) {
      return (await db.get('SELECT 1 FROM authorities WHERE id = $1', id)) !== undefined;
    }
    const set = columns.map(({ column }, index) => `${column} = $${index + 2}`).join(', ');
    return runAudited(
      db,
      entry,
      `UPDATE authorities SET ${set} WHERE id = $1`,
      id,
      ...columns.map(({ value }) => value),
    );
  },

  async lastCertificateEnd(db, issuer) {
    // A row comparison: only the index by issuer serves it, whatever the planner thinks of how many an issuer has.
    const row = await db.get<[issuer: string, end: number]>(
      `SELECT issuer, not_after FROM certificates WHERE (issuer, not_after) <= ($1, ${Number.MAX_SAFE_INTEGER})
       ORDER BY issuer DESC, not_after DESC LIMIT 1`,
      issuer,
    );
    return row?.[0] === issuer ? row[1] : null;
  },
};
