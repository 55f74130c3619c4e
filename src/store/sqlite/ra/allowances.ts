import { FAR_AHEAD } from '../../contract/allowances.js';
import type { AllowanceOperations } from '../../rows/ra/operations.js';
import { read, type SqliteOperations, write } from '../protocol.js';

/** The counts of limits, stored for the next start, while the RA counts in memory. */

export const ALLOWANCES_SCHEMA = `
  CREATE TABLE allowances (key TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX allowances_until ON allowances (until);
`;

export const allowanceOperations = {
  loadAllowances: read((sql, now: number, limit: number): [key: string, until: number][] =>
    sql.all<[key: string, until: number]>(
      'SELECT key, until FROM allowances WHERE until > ? ORDER BY until DESC LIMIT ?',
      now,
      limit,
    ),
  ),

  saveAllowances: write((sql, keys: string[], untils: number[]): void => {
    for (const [index, key] of keys.entries()) {
      sql.run(
        'INSERT INTO allowances (key, until) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET until = excluded.until',
        key,
        untils[index] ?? 0,
      );
    }
  }),

  forgetAllowances: write((sql, now: number, limit: number): number => {
    const forget = (which: string) =>
      `DELETE FROM allowances WHERE key IN (SELECT key FROM allowances WHERE ${which} ORDER BY until LIMIT ?)`;
    return sql.run(forget('until < ?'), now, limit) + sql.run(forget('until > ?'), now + FAR_AHEAD, limit);
  }),
} satisfies SqliteOperations<AllowanceOperations>;
