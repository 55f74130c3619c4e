import { AUTHORITY, type AuthorityOperations, authorityRow, shared } from '../../rows/ca/authorities.js';
import { audited } from '../audit.js';
import type { PostgresOperations } from '../operations.js';
import { inPostgres } from '../shared.js';

/** The set of roots and issuers. */

export const authorityOperations: PostgresOperations<AuthorityOperations> = {
  ...inPostgres(shared),

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
};
