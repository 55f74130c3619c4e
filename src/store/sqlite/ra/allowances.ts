import { type AllowanceOperations, shared } from '../../rows/ra/allowances.js';
import { type SqliteOperations, write } from '../protocol.js';
import { inSqlite } from '../shared.js';

/** The counts of limits, stored for the next start, while the RA counts in memory. */

export const allowanceOperations = {
  ...inSqlite(shared),

  saveAllowances: write((sql, keys, untils) => {
    for (const [index, key] of keys.entries()) {
      sql.run(
        'INSERT INTO allowances (key, until) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET until = excluded.until',
        key,
        untils[index] ?? 0,
      );
    }
  }),
} satisfies SqliteOperations<AllowanceOperations>;
