import type { AuthorityChange, AuthorityRecord } from '../../contract/ca.js';
import { AUTHORITY, type AuthorityRow, authorityRow, CHANGEABLE } from '../../rows/ca/authorities.js';
import type { AuthorityOperations } from '../../rows/ca/operations.js';
import { append, runAudited } from '../audit.js';
import { read, type SqliteOperations, write } from '../protocol.js';

/** The set of roots and issuers. */

export const authorityOperations = {
  listAuthorities: read((sql): AuthorityRow[] =>
    sql.all<AuthorityRow>(`SELECT ${AUTHORITY} FROM authorities ORDER BY rowid`),
  ),

  addAuthority: write((sql, record: AuthorityRecord, instead: string | null, entry: string): boolean => {
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

  changeAuthority: write((sql, id: string, change: AuthorityChange, entry: string): boolean => {
    const columns = Object.entries(CHANGEABLE).flatMap(([fact, column]) => {
      const value = change[fact as keyof AuthorityChange];
      return value === undefined ? [] : [{ column, value }];
    });
    if (columns.length === 0) return sql.get('SELECT 1 FROM authorities WHERE id = ?', id) !== undefined;
    return runAudited(
      sql,
      entry,
      `UPDATE authorities SET ${columns.map(({ column }) => `${column} = ?`).join(', ')} WHERE id = ?`,
      ...columns.map(({ value }) => value),
      id,
    );
  }),

  lastCertificateEnd: read(
    (sql, issuer: string): number | null =>
      sql.get<[end: number | null]>(
        'SELECT max(not_after) FROM certificates WHERE issuer = ?',
        issuer,
      )?.[0] ?? null,
  ),
} satisfies SqliteOperations<AuthorityOperations>;
