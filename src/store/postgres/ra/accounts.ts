import { StoreConflict } from '../../contract/errors.js';
import { type AccountRow, COLUMNS } from '../../rows/ra/accounts.js';
import type { AccountOperations } from '../../rows/ra/operations.js';
import type { Database } from '../database.js';
import type { PostgresOperations } from '../operations.js';

/** RFC 8555 §7.3. */

function byThumbprint(db: Database, thumbprint: string): Promise<AccountRow | undefined> {
  return db.get<AccountRow>(`SELECT ${COLUMNS} FROM accounts WHERE thumbprint = $1`, thumbprint);
}

export const accountOperations: PostgresOperations<AccountOperations> = {
  async createAccount(db, row) {
    for (;;) {
      const created = await db.run(
        `INSERT INTO accounts (${COLUMNS}, unused_since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7)
         ON CONFLICT (thumbprint) DO NOTHING`,
        ...row,
      );
      if (created > 0) return undefined;
      const holder = await byThumbprint(db, row[1]);
      // None: the account that had the key has just changed to another one.
      if (holder) return holder;
    }
  },

  getAccount: (db, id) => db.get<AccountRow>(`SELECT ${COLUMNS} FROM accounts WHERE id = $1`, id),

  findAccountByThumbprint: byThumbprint,

  updateAccount: (db, id, contact, termsAgreedAt) =>
    db.get<AccountRow>(
      `UPDATE accounts SET contact = coalesce($2, contact), terms_agreed_at = coalesce($3, terms_agreed_at)
       WHERE id = $1 AND deactivated_at IS NULL AND revoked_at IS NULL RETURNING ${COLUMNS}`,
      id,
      contact,
      termsAgreedAt,
    ),

  deactivateAccount: (db, id, at) =>
    db.get<AccountRow>(
      `UPDATE accounts SET deactivated_at = coalesce(deactivated_at, $2) WHERE id = $1 RETURNING ${COLUMNS}`,
      id,
      at,
    ),

  async changeAccountKey(db, id, oldThumbprint, jwk, thumbprint) {
    try {
      const changes = await db.run(
        `UPDATE accounts SET jwk = $3, thumbprint = $4
         WHERE id = $1 AND thumbprint = $2 AND deactivated_at IS NULL AND revoked_at IS NULL`,
        id,
        oldThumbprint,
        jwk,
        thumbprint,
      );
      if (changes > 0) return { changed: true, conflict: null };
    } catch (error) {
      // The new key is another account's already.
      if (!(error instanceof StoreConflict)) throw error;
    }
    return { changed: false, conflict: (await byThumbprint(db, thumbprint))?.[0] ?? null };
  },
};
