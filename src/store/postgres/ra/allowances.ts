import { type Use, waitOf } from '../../contract/allowances.js';
import type { Database } from '../database.js';

/** What each key of a limit has used, among replicas. The table does not survive a crash of the server, and need not. */

export async function useAllowance(db: Database, use: Use, now: number): Promise<number> {
  const { key, amount, window } = use;
  const used = await db.run(
    `INSERT INTO allowances (key, until) VALUES ($1, $2::bigint + $3::bigint)
     ON CONFLICT (key) DO UPDATE SET until = greatest(allowances.until, $2) + $3
     WHERE greatest(allowances.until, $2) + $3 <= $2 + $4::bigint`,
    key,
    now,
    amount,
    window,
  );
  // Given back meanwhile: the client may come again at once.
  return used > 0 ? 0 : Math.max(1, await allowanceWait(db, use, now));
}

export async function allowanceWait(db: Database, use: Use, now: number): Promise<number> {
  const row = await db.get<[until: number]>('SELECT until FROM allowances WHERE key = $1', use.key);
  return waitOf(Math.max(now, row?.[0] ?? now), use, now);
}

export async function giveBackAllowance(
  db: Database,
  { key, amount }: Pick<Use, 'key' | 'amount'>,
  now: number,
): Promise<void> {
  await db.run('UPDATE allowances SET until = until - $2 WHERE key = $1 AND until > $3', key, amount, now);
}

/** Oldest first; replicas pass over what another is removing. */
export function forgetAllowances(db: Database, now: number, limit: number): Promise<number> {
  return db.run(
    `DELETE FROM allowances WHERE key IN (
       SELECT key FROM allowances WHERE until < $1 ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED
     )`,
    now,
    limit,
  );
}
