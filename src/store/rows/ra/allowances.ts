import { FAR_AHEAD } from '../../contract/allowances.js';
import { all, run, type SharedOperations } from '../shared.js';

/** The use of each key of a limit, as the time when it drops to zero. */
export interface AllowanceOperations {
  loadAllowances(now: number, limit: number): [key: string, until: number][];
  saveAllowances(keys: string[], untils: number[]): void;
  forgetAllowances(now: number, limit: number): number;
}

/** Deletes the oldest keys under a condition; replicas skip rows that another one is deleting. */
const forget = (condition: string) =>
  `DELETE FROM allowances WHERE key IN (
     SELECT key FROM allowances WHERE ${condition} ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED
   )`;

export const shared = {
  reads: {
    loadAllowances: (now, limit) =>
      all<[key: string, until: number]>(
        'SELECT key, until FROM allowances WHERE until > $1 ORDER BY until DESC LIMIT $2',
        now,
        limit,
      ),
  },
  writes: {
    *forgetAllowances(now, limit) {
      const past = yield* run(forget('until < $1'), now, limit);
      return past + (yield* run(forget('until > $1'), now + FAR_AHEAD, limit));
    },
  },
} satisfies SharedOperations<AllowanceOperations>;
