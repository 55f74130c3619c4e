import type { NonceMark, SpentNonce } from '../../contract/shared.js';
import { type AccountRow, COLUMNS } from '../../rows/ra/accounts.js';
import type { SubjectRows } from '../../rows/ra/subjects.js';
import { qualified } from '../columns.js';
import type { Database, Row } from '../database.js';
import type { SeenChallenges } from './seen-challenges.js';
import { SUBJECTS } from './subjects.js';

/** Replay nonces (RFC 8555 §6.5) among replicas. A crash of the server empties all of these tables together. */

export async function nonceKey(db: Database, candidate: Uint8Array): Promise<Uint8Array> {
  await db.run('INSERT INTO nonce_key (id, key) VALUES (1, $1) ON CONFLICT DO NOTHING', candidate);
  const row = await db.get<[key: Uint8Array]>('SELECT key FROM nonce_key');
  return row?.[0] ?? nonceKey(db, candidate);
}

const MARK = `
  INSERT INTO spent_nonces (second, id) SELECT $2::bigint, $3::bytea FROM nonce_key WHERE key = $1
  ON CONFLICT DO NOTHING`;

export async function spendNonce(db: Database, key: Uint8Array, nonce: NonceMark): Promise<SpentNonce> {
  const marked = await db.run(MARK, key, nonce.second, nonce.id);
  return marked > 0 ? 'ok' : refusal(db, key);
}

/** Of a nonce that was not marked. */
async function refusal(db: Database, key: Uint8Array): Promise<SpentNonce> {
  const known = await db.get('SELECT FROM nonce_key WHERE key = $1', key);
  return known ? 'spent' : 'unknown';
}

/** `subject` selects what the request is about, by `$5`. One row, which the planner knows, so it prepares for no more. */
const spendBy = (subject?: string) => `
  WITH marked AS (${MARK} RETURNING true)
  SELECT EXISTS (SELECT FROM marked), ${qualified(COLUMNS, 'a')}${subject ? ', found.*' : ''}
  FROM (VALUES (true)) AS one LEFT JOIN accounts a ON a.id = $4
  ${subject ? `LEFT JOIN LATERAL (${subject}) AS found ON true` : ''}`;
const SPEND_BY = spendBy();
const SPEND_BY_ABOUT = {
  authorization: spendBy(SUBJECTS.authorization.select('$5')),
  order: spendBy(SUBJECTS.order.select('$5')),
  certificate: spendBy(SUBJECTS.certificate.select('$5')),
};
const OF_ACCOUNT = COLUMNS.split(', ').length;

/** `seen` caches the challenges that are read. */
export async function spendNonceBy<Kind extends keyof SubjectRows>(
  db: Database,
  seen: SeenChallenges,
  accountId: string,
  key: Uint8Array,
  nonce: NonceMark,
  about?: { kind: Kind; id: string },
): Promise<{ spent: SpentNonce; account?: AccountRow | undefined; found?: SubjectRows[Kind] | undefined }> {
  const values = [key, nonce.second, nonce.id, accountId];
  const row = await (about
    ? db.get<Row>(SPEND_BY_ABOUT[about.kind], ...values, about.id)
    : db.get<Row>(SPEND_BY, ...values));
  if (!row?.[0]) return { spent: await refusal(db, key) };
  const [account, subject] = [row.slice(1, OF_ACCOUNT + 1), row.slice(OF_ACCOUNT + 1)];
  return {
    spent: 'ok',
    account: isMissing(account) ? undefined : (account as AccountRow),
    found: about && !isMissing(subject) ? SUBJECTS[about.kind].rowsOf(subject, seen) : undefined,
  };
}

/** Every row begins with its id. */
const isMissing = ([id]: Row): boolean => id === null || id === undefined;

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
