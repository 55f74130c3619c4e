import { CLOCK_SKEW, type Use, type Used } from '../../contract/allowances.js';
import { type AllowanceOperations, shared } from '../../rows/ra/allowances.js';
import type { Database } from '../database.js';
import type { PostgresOperations } from '../operations.js';
import { inPostgres } from '../shared.js';

/**
 * The counts of limits, shared by replicas. The table does not survive a crash of the server, and need not.
 */

/** SQL: `usedUntil` of the contract, by the key's window; $1 is now. */
const usedBy = (span: string): string =>
  `CASE WHEN allowances.until > $1::bigint + ${span} + ${CLOCK_SKEW} THEN $1::bigint
     ELSE least(greatest(allowances.until, $1::bigint), $1::bigint + ${span}) END`;
/** SQL: a value made of the use of the current key; `$first` is the parameter with the keys, the next ones have the amounts and windows. */
const ofUse = (value: string, first: number): string =>
  `(SELECT ${value}
    FROM unnest($${first}::text[], $${first + 1}::bigint[], $${first + 2}::bigint[]) AS used (key, amount, span)
    WHERE used.key = allowances.key)`;
const AFTER = `${usedBy('used.span')} + used.amount`;
const FULL = '$1::bigint + used.span';

const COUNT = `
  INSERT INTO allowances (key, until)
  SELECT used.key, $1::bigint + used.amount
  FROM unnest($2::text[], $3::bigint[]) AS used (key, amount)
  WHERE NOT EXISTS (
    SELECT FROM unnest($5::text[], $6::bigint[], $7::bigint[]) AS looked (key, amount, span), allowances
    WHERE allowances.key = looked.key
      AND ${usedBy('looked.span')} + looked.amount > $1::bigint + looked.span
  )
  ORDER BY used.key
  ON CONFLICT (key) DO UPDATE SET until = ${ofUse(AFTER, 2)} WHERE ${ofUse(`${AFTER} <= ${FULL}`, 2)}
  RETURNING key`;

/** Counts the uses that have room, if all of `looked` have; in order of the keys, so that two statements never deadlock. */
export async function countUses(
  db: Database,
  uses: readonly Use[],
  looked: readonly Use[],
  now: number,
): Promise<Set<string>> {
  const rows = await db.all<[key: string]>(COUNT, now, ...columnsOf(uses), ...columnsOf(looked));
  return new Set(rows.map(([key]) => key));
}

function columnsOf(uses: readonly Use[]): [string[], number[], number[]] {
  return [uses.map(({ key }) => key), uses.map(({ amount }) => amount), uses.map(({ window }) => window)];
}

/** When everything that each key used is forgotten. */
export async function untilOf(db: Database, keys: readonly string[]): Promise<Map<string, number>> {
  const sql = 'SELECT key, until FROM allowances WHERE key = ANY ($1::text[])';
  return new Map(await db.all<[key: string, until: number]>(sql, keys));
}

const SETTLE = `
  WITH given_back AS (
    UPDATE allowances SET until = until - used.amount
    FROM unnest($2::text[], $3::bigint[]) AS used (key, amount)
    WHERE allowances.key = used.key AND until > $1
  )
  INSERT INTO allowances (key, until)
  SELECT used.key, $1::bigint + used.amount FROM unnest($4::text[], $5::bigint[]) AS used (key, amount)
  ORDER BY used.key
  ON CONFLICT (key) DO UPDATE SET until = ${ofUse(`least(${AFTER}, ${FULL})`, 4)}`;

/** Implements Allowances; in order of the keys, so that two statements never deadlock. */
export async function settleAllowances(
  db: Database,
  back: readonly Used[],
  counted: readonly Use[],
  now: number,
): Promise<void> {
  const byKey = (one: Used, other: Used) => (one.key < other.key ? -1 : 1);
  const given = back.toSorted(byKey);
  await db.run(
    SETTLE,
    now,
    given.map(({ key }) => key),
    given.map(({ amount }) => amount),
    ...columnsOf(counted),
  );
}

export const allowanceOperations: PostgresOperations<AllowanceOperations> = {
  ...inPostgres(shared),

  async saveAllowances(db, keys, untils) {
    await db.run(
      `INSERT INTO allowances (key, until) SELECT * FROM unnest($1::text[], $2::bigint[])
       ON CONFLICT (key) DO UPDATE SET until = excluded.until`,
      keys,
      untils,
    );
  },
};
