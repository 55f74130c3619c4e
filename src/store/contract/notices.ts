/** A notice on its way to one target. */
export interface QueuedNotice {
  /** Id of the notice, the same for every attempt, by which its receiver recognises it. */
  id: string;
  /** `mailto:…`, or a webhook by the hash of its URL, which may hold a secret. */
  target: string;
  /** JSON of a Message (see notices/message.ts). */
  body: string;
  createdAt: number;
  /** Failed attempts. */
  attempts: number;
}

/** A queue of notices, and the keys of announcements, each made once among all RAs on a store. */
export interface NoticeQueue {
  /** The keys that were not announced yet. */
  untold(keys: readonly string[]): Promise<string[]>;
  /**
   * Records the keys until then and queues the notices, in one step; false, and nothing happens, when one of
   * the keys was announced meanwhile.
   */
  queueNotices(
    told: { keys: readonly string[]; until: number },
    notices: readonly Omit<QueuedNotice, 'attempts'>[],
  ): Promise<boolean>;
  /** Leases up to `limit` due notices, the longest due first. */
  claimNotices(now: number, leaseUntil: number, limit: number): Promise<QueuedNotice[]>;
  /** Removes a notice that was sent or is no longer wanted. */
  removeNotice(id: string): Promise<void>;
  /** Counts a failed attempt. */
  deferNotice(id: string, retryAt: number, error: string): Promise<void>;
  /** How many notices wait, and since when the oldest does; counts no further than `limit`. */
  waitingNotices(limit: number): Promise<{ count: number; oldest: number | null }>;
  /** Deletes at most `limit` expired keys; resolves with how many. */
  forgetTold(now: number, limit: number): Promise<number>;
}
