import { type AccountOperations, COLUMNS, shared } from '../../rows/ra/accounts.js';
import { type SqliteOperations, write } from '../protocol.js';
import { inSqlite } from '../shared.js';
import type { Sql } from '../sql.js';

/** RFC 8555 §7.3. */

const common = inSqlite(shared);

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
  ...common,

  /** The account that has the key already; undefined: this one was created; `unbound`: its node does not take it. */
  createAccount: write((sql, row, keyId) => {
    const holder = common.findAccountByThumbprint.run(sql, row[1]);
    if (holder) return holder;
    if (row[9] !== null && !useKey(sql, row[9], keyId, row[6])) return 'unbound';
    sql.run(
      `INSERT INTO accounts (${COLUMNS}, unused_since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...row,
      row[6],
    );
    return undefined;
  }),

  noteAccountUses: write((sql, ids, times, addresses) => {
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

  changeAccountKey: write((sql, id, oldThumbprint, jwk, thumbprint) => {
    const holder = common.findAccountByThumbprint.run(sql, thumbprint);
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
  }),
} satisfies SqliteOperations<AccountOperations>;
