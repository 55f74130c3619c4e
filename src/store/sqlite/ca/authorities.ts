import { AUTHORITY, type AuthorityOperations, authorityRow, shared } from '../../rows/ca/authorities.js';
import { append } from '../audit.js';
import { type SqliteOperations, write } from '../protocol.js';
import { inSqlite } from '../shared.js';

/** The set of roots and issuers. */

export const authorityOperations = {
  ...inSqlite(shared),

  addAuthority: write((sql, record, instead, entry) => {
    if (sql.get('SELECT 1 FROM authorities WHERE id = ?', record.id)) return false;
    if (instead !== null) {
      const retired = sql.run(
        'UPDATE authorities SET retired_at = ? WHERE id = ? AND retired_at IS NULL',
        record.addedAt,
        instead,
      );
      if (retired === 0) return false;
    }
    sql.run(
      `INSERT INTO authorities (${AUTHORITY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...authorityRow(record),
    );
    sql.run('INSERT INTO crls (issuer) VALUES (?) ON CONFLICT DO NOTHING', record.tag);
    append(sql, entry);
    return true;
  }),
} satisfies SqliteOperations<AuthorityOperations>;
