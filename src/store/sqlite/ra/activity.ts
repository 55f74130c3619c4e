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
  addActivity: write((sql, rows: readonly ActivityRow[], keep: number): void => {
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

  listActivity: read((sql, since: number, until: number): ActivityRow[] =>
    sql.all<ActivityRow>(
      `SELECT ${COLUMNS} FROM activity WHERE hour BETWEEN ? AND ? ORDER BY hour`,
      since,
      until,
    ),
  ),
} satisfies SqliteOperations<ActivityOperations>;
