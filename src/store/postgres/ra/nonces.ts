import type { NonceMark, SpentNonce } from '../../contract/shared.js';
import { type AccountRow, COLUMNS } from '../../rows/ra/accounts.js';
import { qualified } from '../columns.js';
import type { Database } from '../database.js';

/** Replay nonces (RFC 8555 §6.5) among replicas. A crash of the server empties all of these tables together. */

export async function nonceKey(db: Database, candidate: Uint8Array): Promise<Uint8Array> {
  await db.run('INSERT INTO nonce_key (id, key) VALUES (1, $1) ON CONFLICT DO NOTHING', candidate);
  const row = await db.get<[key: Uint8Array]>('SELECT key FROM nonce_key');
  return row?.[0] ?? nonceKey(db, candidate);
}

const SPEND = `
  WITH key AS (SELECT FROM nonce_key WHERE key = $1),
  marked AS (
    INSERT INTO spent_nonces (second, id) SELECT $2::bigint, $3::bytea WHERE EXISTS (SELECT FROM key)
    ON CONFLICT DO NOTHING RETURNING true
  )
  SELECT EXISTS (SELECT FROM key), EXISTS (SELECT FROM marked), ${qualified(COLUMNS, 'a')}
  FROM (VALUES (true)) AS one LEFT JOIN accounts a ON a.id = $4`;

/** With an account's id, also returns that account's row, if there is one. */
export async function spendNonce(
  db: Database,
  key: Uint8Array,
  nonce: NonceMark,
  accountId: string | null = null,
): Promise<{ spent: SpentNonce; account: AccountRow | undefined }> {
  const found = await db.get<[known: boolean, marked: boolean, ...AccountRow]>(
    SPEND,
    key,
    nonce.second,
    nonce.id,
    accountId,
  );
  const [known, marked, ...account] = found ?? [false, false, null];
  return {
    spent: known ? (marked ? 'ok' : 'spent') : 'unknown',
    account: account[0] === null ? undefined : (account as AccountRow),
  };
}

/**
 * How long a nonce's mark is stored at least, in seconds of the database's own clock: twice as long as nonces are
 * valid. An RA whose clock is ahead must not delete marks of nonces that are valid again once its clock is right.
 */
const MARKS_KEPT = 7200;

/**
 * By primary key, oldest first; replicas skip rows that another is deleting. `now()`, because the index cannot be searched by
 * `clock_timestamp()`, which may change from row to row.
 */
export function forgetNonces(db: Database, beforeSecond: number, limit: number): Promise<number> {
  return db.run(
    `DELETE FROM spent_nonces WHERE (second, id) IN (
       SELECT second, id FROM spent_nonces
       WHERE second < least($1::bigint, extract(epoch FROM now())::bigint - $3::bigint)
       ORDER BY second, id LIMIT $2 FOR UPDATE SKIP LOCKED
     )`,
    beforeSecond,
    limit,
    MARKS_KEPT,
  );
}
