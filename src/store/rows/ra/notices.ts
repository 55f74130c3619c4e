import type { NoticeQueue } from '../../contract/notices.js';
import type { Calls } from '../calls.js';

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
export type NoticeRow = [id: string, target: string, body: string, createdAt: number, attempts: number];

/** No pause is as long, in ms: what falls due later than this was put off by a clock that was ahead, and is due. */
export const LONGEST_DEFERRAL = 86_400_000;

/** Most of what a receiver said that is kept. */
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
