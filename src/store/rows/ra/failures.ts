import type { Failure } from '../../../model/facts.js';
import { all, placeholders, run, type SharedOperations } from '../shared.js';

export const COLUMNS = 'id, at, name, step, account_id, why';

export type FailureRow = [
  id: string,
  at: number,
  name: string,
  step: string,
  accountId: string | null,
  why: string,
];

export function toRow({ id, at, name, step, accountId, why }: Failure): FailureRow {
  return [id, at, name, step, accountId, why];
}

export function fromRow([id, at, name, step, accountId, why]: FailureRow): Failure {
  return { id, at, name, step, accountId, why };
}

/** After every id, which are hex. */
export const NEWEST = 'g';

/** Failures of clients, with their reasons. */
export interface FailureOperations {
  recordFailure(row: FailureRow, keep: number): void;
  listFailures(
    after: string | null,
    limit: number,
    name: string | null,
    accountId: string | null,
  ): FailureRow[];
  /** `before` is the beginning of an id. */
  purgeFailures(before: string, keep: number): void;
}

export const shared = {
  reads: {
    listFailures: (after, limit, name, accountId) => {
      const [column, value] = name !== null ? ['name', name] : ['account_id', accountId];
      return all<FailureRow>(
        `SELECT ${COLUMNS} FROM failures WHERE id < $1${value === null ? '' : ` AND ${column} = $3`}
         ORDER BY id DESC LIMIT $2`,
        after ?? NEWEST,
        limit,
        ...(value === null ? [] : [value]),
      );
    },
  },
  writes: {
    *recordFailure(row, keep) {
      yield* run(
        `INSERT INTO failures (${COLUMNS}) VALUES (${placeholders(COLUMNS)}) ON CONFLICT DO NOTHING`,
        ...row,
      );
      yield* run(
        `DELETE FROM failures WHERE name = $1 AND id <=
           (SELECT id FROM failures WHERE name = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)`,
        row[2],
        keep,
      );
    },

    *purgeFailures(before, keep) {
      yield* run('DELETE FROM failures WHERE id < $1', before);
      yield* run(
        `DELETE FROM failures WHERE id <= (SELECT id FROM failures WHERE id > '' ORDER BY id DESC LIMIT 1 OFFSET $1)`,
        keep,
      );
    },
  },
} satisfies SharedOperations<FailureOperations>;
