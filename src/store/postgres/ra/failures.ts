import { COLUMNS, type FailureRow, NEWEST } from '../../rows/ra/failures.js';
import type { FailureOperations } from '../../rows/ra/operations.js';
import { parameters } from '../columns.js';
import type { PostgresOperations } from '../operations.js';

/** Failures of clients, with their reasons. */

export const failureOperations: PostgresOperations<FailureOperations> = {
  async recordFailure(db, row, keep) {
    await db.run(
      `INSERT INTO failures (${COLUMNS}) VALUES (${parameters(COLUMNS)}) ON CONFLICT DO NOTHING`,
      ...row,
    );
    await db.run(
      `DELETE FROM failures WHERE name = $1 AND id <=
         (SELECT id FROM failures WHERE name = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)`,
      row[2],
      keep,
    );
  },

  listFailures(db, after, limit, name, accountId) {
    const [column, value] = name !== null ? ['name', name] : ['account_id', accountId];
    return db.all<FailureRow>(
      `SELECT ${COLUMNS} FROM failures WHERE id < $1${value === null ? '' : ` AND ${column} = $3`}
       ORDER BY id DESC LIMIT $2`,
      after ?? NEWEST,
      limit,
      ...(value === null ? [] : [value]),
    );
  },

  async purgeFailures(db, before, keep) {
    await db.run('DELETE FROM failures WHERE id < $1', before);
    await db.run(
      `DELETE FROM failures WHERE id <= (SELECT id FROM failures WHERE id > '' ORDER BY id DESC LIMIT 1 OFFSET $1)`,
      keep,
    );
  },
};
