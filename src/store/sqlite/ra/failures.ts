import { COLUMNS, type FailureRow, NEWEST } from '../../rows/ra/failures.js';
import type { FailureOperations } from '../../rows/ra/operations.js';
import { read, type SqliteOperations, write } from '../protocol.js';

/** Failures of clients, with their reasons. */

export const failureOperations = {
  recordFailure: write((sql, row: FailureRow, keep: number): void => {
    sql.run(`INSERT INTO failures (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, ...row);
    const name = row[2];
    sql.run(
      `DELETE FROM failures WHERE name = ? AND id <=
         (SELECT id FROM failures WHERE name = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      name,
      name,
      keep,
    );
  }),

  listFailures: read(
    (
      sql,
      after: string | null,
      limit: number,
      name: string | null,
      accountId: string | null,
    ): FailureRow[] => {
      const [column, value] = name !== null ? ['name', name] : ['account_id', accountId];
      return sql.all<FailureRow>(
        `SELECT ${COLUMNS} FROM failures WHERE ${value === null ? '' : `${column} = ? AND `}id < ?
         ORDER BY id DESC LIMIT ?`,
        ...(value === null ? [] : [value]),
        after ?? NEWEST,
        limit,
      );
    },
  ),

  purgeFailures: write((sql, before: string, keep: number): void => {
    sql.run('DELETE FROM failures WHERE id < ?', before);
    sql.run(
      `DELETE FROM failures WHERE id <= (SELECT id FROM failures WHERE id > '' ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      keep,
    );
  }),
} satisfies SqliteOperations<FailureOperations>;
