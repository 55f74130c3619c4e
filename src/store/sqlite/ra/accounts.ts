import { type AccountRow, COLUMNS } from '../../rows/ra/accounts.js';
import type { AccountOperations } from '../../rows/ra/operations.js';
import { read, type SqliteOperations, write } from '../protocol.js';
import type { Sql } from '../sql.js';

/** RFC 8555 §7.3. */

function byId(sql: Sql, id: string): AccountRow | undefined {
  return sql.get<AccountRow>(`SELECT ${COLUMNS} FROM accounts WHERE id = ?`, id);
}

function byThumbprint(sql: Sql, thumbprint: string): AccountRow | undefined {
  return sql.get<AccountRow>(`SELECT ${COLUMNS} FROM accounts WHERE thumbprint = ?`, thumbprint);
}

export const accountOperations = {
  /** The account that has the key already; undefined: this one was created. */
  createAccount: write((sql, row: AccountRow): AccountRow | undefined =>
    sql.run(
      `INSERT INTO accounts (${COLUMNS}, unused_since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (thumbprint) DO NOTHING`,
      ...row,
      row[6],
    ) === 0
      ? byThumbprint(sql, row[1])
      : undefined,
  ),

  getAccount: read(byId),

  findAccountByThumbprint: read(byThumbprint),

  updateAccount: write(
    (sql, id: string, contact: string | null, termsAgreedAt: number | null): AccountRow | undefined =>
      sql.get<AccountRow>(
        `UPDATE accounts SET contact = coalesce(?, contact), terms_agreed_at = coalesce(?, terms_agreed_at)
         WHERE id = ? AND deactivated_at IS NULL AND revoked_at IS NULL RETURNING ${COLUMNS}`,
        contact,
        termsAgreedAt,
        id,
      ),
  ),

  /** Doing it again keeps the first time. */
  deactivateAccount: write((sql, id: string, at: number): AccountRow | undefined =>
    sql.get<AccountRow>(
      `UPDATE accounts SET deactivated_at = coalesce(deactivated_at, ?) WHERE id = ? RETURNING ${COLUMNS}`,
      at,
      id,
    ),
  ),

  changeAccountKey: write(
    (
      sql,
      id: string,
      oldThumbprint: string,
      jwk: string,
      thumbprint: string,
    ): { changed: boolean; conflict: string | null } => {
      const holder = sql.get<[id: string]>('SELECT id FROM accounts WHERE thumbprint = ?', thumbprint);
      if (holder) return { changed: false, conflict: holder[0] };
      const changes = sql.run(
        `UPDATE accounts SET jwk = ?, thumbprint = ?
         WHERE id = ? AND thumbprint = ? AND deactivated_at IS NULL AND revoked_at IS NULL`,
        jwk,
        thumbprint,
        id,
        oldThumbprint,
      );
      return { changed: changes > 0, conflict: null };
    },
  ),
} satisfies SqliteOperations<AccountOperations>;
