import { type ActivityOperations, COLUMNS, shared } from '../../rows/ra/activity.js';
import { type SqliteOperations, write } from '../protocol.js';
import { inSqlite } from '../shared.js';

/** Counts by the hour. */

export const activityOperations = {
  ...inSqlite(shared),

  addActivity: write((sql, rows, keep) => {
    for (const row of rows) {
      sql.run(
        `INSERT INTO activity (${COLUMNS}) VALUES (?, ?, ?, ?) ON CONFLICT (hour) DO UPDATE SET
           issued = issued + excluded.issued, failed = failed + excluded.failed, revoked = revoked + excluded.revoked`,
        ...row,
      );
    }
    sql.run(
      'DELETE FROM activity WHERE hour < (SELECT hour FROM activity ORDER BY hour DESC LIMIT 1 OFFSET ?)',
      keep - 1,
    );
  }),
} satisfies SqliteOperations<ActivityOperations>;
