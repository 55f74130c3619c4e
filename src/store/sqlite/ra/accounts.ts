import { type AccountRow, type AccountUseRow, COLUMNS, USE } from '../../rows/ra/accounts.js';
import { NEWEST } from '../../rows/ra/failures.js';
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

/** Whether the key of the node binds an account at this time; notes its first use. */
function useKey(sql: Sql, nodeId: string, keyId: string | null, at: number): boolean {
  const used = sql.run(
    `UPDATE nodes SET key_used_at = coalesce(key_used_at, ?) WHERE id = ? AND key_id = ? AND removing_at IS NULL
       AND (key_expires_at IS NULL OR key_expires_at > ?) AND (key_once = 0 OR key_used_at IS NULL)`,
    at,
    nodeId,
    keyId,
    at,
  );
  return used > 0;
}

export const accountOperations = {
  /** The account that has the key already; undefined: this one was created; `unbound`: its node does not take it. */
  createAccount: write((sql, row: AccountRow, keyId: string | null): AccountRow | 'unbound' | undefined => {
    const holder = byThumbprint(sql, row[1]);
    if (holder) return holder;
    if (row[9] !== null && !useKey(sql, row[9], keyId, row[6])) return 'unbound';
    sql.run(
      `INSERT INTO accounts (${COLUMNS}, unused_since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...row,
      row[6],
    );
    return undefined;
  }),

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

  /** Doing it again keeps the first time. */
  revokeAccount: write((sql, id: string, at: number): AccountRow | undefined =>
    sql.get<AccountRow>(
      `UPDATE accounts SET revoked_at = coalesce(revoked_at, ?) WHERE id = ? RETURNING ${COLUMNS}`,
      at,
      id,
    ),
  ),

  listAccounts: read((sql, after: string | null, limit: number, nodeId: string | null): AccountUseRow[] =>
    sql.all<AccountUseRow>(
      `SELECT ${COLUMNS}, ${USE} FROM accounts WHERE ${nodeId === null ? '' : 'node_id = ? AND '}id < ?
       ORDER BY id DESC LIMIT ?`,
      ...(nodeId === null ? [] : [nodeId]),
      after ?? NEWEST,
      limit,
    ),
  ),

  getAccountAndUse: read((sql, id: string): AccountUseRow | undefined =>
    sql.get<AccountUseRow>(`SELECT ${COLUMNS}, ${USE} FROM accounts WHERE id = ?`, id),
  ),

  noteAccountUses: write((sql, ids: string[], times: number[], addresses: string[]): void => {
    for (const [index, id] of ids.entries()) {
      const at = times[index] ?? 0;
      sql.run(
        'UPDATE accounts SET used_at = ?, used_from = ? WHERE id = ? AND (used_at IS NULL OR used_at <= ?)',
        at,
        addresses[index] ?? '',
        id,
        at,
      );
    }
  }),

  countOrders: read((sql, accountId: string, most: number): { orders: number; unfinished: boolean } => {
    const found = sql.all<[dueAt: number | null]>(
      'SELECT due_at FROM orders WHERE account_id = ? ORDER BY id DESC LIMIT ?',
      accountId,
      most,
    );
    return { orders: found.length, unfinished: found.some(([dueAt]) => dueAt !== null) };
  }),

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
