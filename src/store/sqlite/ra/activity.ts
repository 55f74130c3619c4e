import { type ActivityOperations, type ActivityRow, COLUMNS } from '../../rows/ra/activity.js';
import { read, type SqliteOperations, write } from '../protocol.js';

/** Counts by the hour. */

export const ACTIVITY_SCHEMA = `
  CREATE TABLE activity (
    hour INTEGER PRIMARY KEY,
    issued INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    revoked INTEGER NOT NULL
  ) STRICT;
`;

export const activityOperations = {
  addActivity: write((sql, rows: readonly ActivityRow[], forgetBefore: number): void => {
    for (const row of rows) {
      sql.run(
        `INSERT INTO activity (${COLUMNS}) VALUES (?, ?, ?, ?) ON CONFLICT (hour) DO UPDATE SET
           issued = issued + excluded.issued, failed = failed + excluded.failed, revoked = revoked + excluded.revoked`,
        ...row,
      );
    }
    sql.run('DELETE FROM activity WHERE hour < ?', forgetBefore);
  }),

  listActivity: read((sql, since: number): ActivityRow[] =>
    sql.all<ActivityRow>(`SELECT ${COLUMNS} FROM activity WHERE hour >= ? ORDER BY hour`, since),
  ),
} satisfies SqliteOperations<ActivityOperations>;
