import { StoreConflict } from '../../contract/errors.js';
import { type AccountOperations, COLUMNS, shared } from '../../rows/ra/accounts.js';
import { parameters } from '../columns.js';
import type { PostgresOperations } from '../operations.js';
import { inPostgres } from '../shared.js';

/** RFC 8555 §7.3. */

const common = inPostgres(shared);

/** With a node (`$10`), inserts only if its key (`$11`) binds an account at the time of creation (`$7`). */
const CREATE = `
  WITH bound AS (
    UPDATE nodes SET key_used_at = coalesce(key_used_at, $7) WHERE id = $10 AND key_id = $11 AND removing_at IS NULL
      AND (key_expires_at IS NULL OR key_expires_at > $7) AND (key_once = 0 OR key_used_at IS NULL) RETURNING 1
  ),
  created AS (
    INSERT INTO accounts (${COLUMNS}, unused_since)
    SELECT ${parameters(COLUMNS)}, $7 WHERE $10::text IS NULL OR EXISTS (SELECT FROM bound)
    ON CONFLICT (thumbprint) DO NOTHING RETURNING 1
  )
  SELECT EXISTS (SELECT FROM created), $10::text IS NULL OR EXISTS (SELECT FROM bound)`;

export const accountOperations: PostgresOperations<AccountOperations> = {
  ...common,

  async createAccount(db, row, keyId) {
    for (;;) {
      const holder = row[9] === null ? undefined : await common.findAccountByThumbprint(db, row[1]);
      if (holder) return holder;
      const [created, bound] =
        (await db.get<[created: boolean, bound: boolean]>(CREATE, ...row, keyId)) ?? [];
      if (created) return undefined;
      if (!bound) return 'unbound';
      const other = await common.findAccountByThumbprint(db, row[1]);
      // None: the account that had the key has just changed to another one.
      if (other) return other;
    }
  },

  async noteAccountUses(db, ids, times, addresses) {
    await db.run(
      `UPDATE accounts SET used_at = noted.at, used_from = noted.address
       FROM unnest($1::text[], $2::bigint[], $3::text[]) AS noted (id, at, address)
       WHERE accounts.id = noted.id AND (used_at IS NULL OR used_at <= noted.at)`,
      ids,
      times,
      addresses,
    );
  },

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
    return { changed: false, conflict: (await common.findAccountByThumbprint(db, thumbprint))?.[0] ?? null };
  },
};
