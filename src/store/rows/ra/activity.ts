import type { ActivityCounts } from '../../contract/activity.js';
import type { Calls } from '../calls.js';
import { all, type SharedOperations } from '../shared.js';

/** Counts by rows. */
export interface ActivityOperations {
  addActivity(rows: readonly ActivityRow[], keep: number): void;
  listActivity(since: number, until: number): ActivityRow[];
}

export const COLUMNS = 'hour, issued, failed, revoked';
type ActivityRow = [hour: number, issued: number, failed: number, revoked: number];

export function activityCountsOver(database: Pick<Calls<ActivityOperations>, 'call'>): ActivityCounts {
  return {
    addActivity: (hours, keep) =>
      database.call(
        'addActivity',
        hours.map(({ at, issued, failed, revoked }): ActivityRow => [at, issued, failed, revoked]),
        keep,
      ),
    listActivity: async (since, until) =>
      (await database.call('listActivity', since, until)).map(([at, issued, failed, revoked]) => ({
        ...{ at, issued, failed, revoked },
      })),
  };
}

export const shared = {
  reads: {
    listActivity: (since, until) =>
      all<ActivityRow>(
        `SELECT ${COLUMNS} FROM activity WHERE hour BETWEEN $1 AND $2 ORDER BY hour`,
        since,
        until,
      ),
  },
  writes: {},
} satisfies SharedOperations<ActivityOperations>;
