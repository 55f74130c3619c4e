import type { NoticeQueue } from '../../contract/notices.js';
import type { Calls } from '../calls.js';
import { all, get, run, type SharedOperations } from '../shared.js';

/** Notices by rows. */
export interface NoticeOperations {
  untold(keys: readonly string[]): string[];
  queueNotices(keys: readonly string[], until: number, rows: readonly NoticeRow[]): boolean;
  claimNotices(now: number, leaseUntil: number, limit: number): NoticeRow[];
  removeNotice(id: string): void;
  deferNotice(id: string, retryAt: number, error: string): void;
  waitingNotices(limit: number): [count: number, oldest: number | null];
  forgetTold(now: number, limit: number): number;
}

export const NOTICE = 'id, target, body, created_at, attempts';
type NoticeRow = [id: string, target: string, body: string, createdAt: number, attempts: number];

/**
 * Longer than any pause, in ms. A notice due later than this was deferred by a clock that was ahead, and is due now.
 */
const LONGEST_DEFERRAL = 86_400_000;

/** Longest stored text of a receiver's error, in characters. */
const MAX_ERROR = 500;

export function noticeQueueOver(database: Pick<Calls<NoticeOperations>, 'call'>): NoticeQueue {
  return {
    untold: (keys) => database.call('untold', keys),
    queueNotices: ({ keys, until }, notices) =>
      database.call(
        'queueNotices',
        [...new Set(keys)].sort(),
        until,
        notices.map(({ id, target, body, createdAt }): NoticeRow => [id, target, body, createdAt, 0]),
      ),
    claimNotices: async (now, leaseUntil, limit) =>
      (await database.call('claimNotices', now, leaseUntil, limit)).map(
        ([id, target, body, createdAt, attempts]) => ({ id, target, body, createdAt, attempts }),
      ),
    removeNotice: (id) => database.call('removeNotice', id),
    deferNotice: (id, retryAt, error) => database.call('deferNotice', id, retryAt, error.slice(0, MAX_ERROR)),
    waitingNotices: async (limit) => {
      const [count, oldest] = await database.call('waitingNotices', limit);
      return { count, oldest };
    },
    forgetTold: (now, limit) => database.call('forgetTold', now, limit),
  };
}

export const shared = {
  reads: {
    *waitingNotices(limit) {
      const row = yield* get<[count: number, oldest: number | null]>(
        `SELECT (SELECT count(*) FROM (SELECT 1 FROM notices LIMIT $1) AS found), (SELECT min(created_at) FROM notices)`,
        limit,
      );
      return row ?? [0, null];
    },
  },
  writes: {
    claimNotices: (now, leaseUntil, limit) =>
      all<NoticeRow>(
        `UPDATE notices SET due_at = $2 WHERE id IN (
           SELECT id FROM notices WHERE (due_at <= $1 OR due_at > $4) ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
         ) RETURNING ${NOTICE}`,
        now,
        leaseUntil,
        limit,
        now + LONGEST_DEFERRAL,
      ),

    *removeNotice(id) {
      yield* run('DELETE FROM notices WHERE id = $1', id);
    },

    *deferNotice(id, retryAt, error) {
      yield* run(
        'UPDATE notices SET due_at = $2, attempts = attempts + 1, error = $3 WHERE id = $1',
        id,
        retryAt,
        error,
      );
    },

    forgetTold: (now, limit) =>
      run(
        `DELETE FROM told WHERE key IN (
           SELECT key FROM told WHERE until < $1 ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED
         )`,
        now,
        limit,
      ),
  },
} satisfies SharedOperations<NoticeOperations>;
