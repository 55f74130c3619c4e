import { type ActivityOperations, COLUMNS, shared } from '../../rows/ra/activity.js';
import type { PostgresOperations } from '../operations.js';
import { inPostgres } from '../shared.js';

/** Counts by the hour, to which every RA adds its own. */

export const activityOperations: PostgresOperations<ActivityOperations> = {
  ...inPostgres(shared),

  async addActivity(db, rows, keep) {
    const column = (index: 0 | 1 | 2 | 3) => rows.map((row) => row[index]);
    // In the order of the hours, so that two RAs do not wait for each other.
    await db.run(
      `INSERT INTO activity (${COLUMNS})
       SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) ORDER BY 1
       ON CONFLICT (hour) DO UPDATE SET issued = activity.issued + excluded.issued,
         failed = activity.failed + excluded.failed, revoked = activity.revoked + excluded.revoked`,
      ...[column(0), column(1), column(2), column(3)],
    );
    await db.run(
      'DELETE FROM activity WHERE hour < (SELECT hour FROM activity ORDER BY hour DESC LIMIT 1 OFFSET $1)',
      keep - 1,
    );
  },
};
