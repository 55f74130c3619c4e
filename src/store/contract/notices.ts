/** A notice on its way to one target. */
export interface QueuedNotice {
  /** The same however often it is tried: its receiver knows it by that. */
  id: string;
  /** `mailto:…`, or a webhook by the hash of its URL, which may hold a secret. */
  target: string;
  /** JSON of a Message (see notices/message.ts). */
  body: string;
  createdAt: number;
  /** How often it was tried in vain. */
  attempts: number;
}

/** Notices to be sent, and what was told: each thing once among all RAs on a store. */
export interface NoticeQueue {
  /** Those of the keys nothing was told of yet. */
  untold(keys: readonly string[]): Promise<string[]>;
  /**
   * Remembers the keys until then and keeps the notices, all in one step; false, and nothing happens, when one of the keys was told
   * of meanwhile.
   */
  queueNotices(
    told: { keys: readonly string[]; until: number },
    notices: readonly Omit<QueuedNotice, 'attempts'>[],
  ): Promise<boolean>;
  /** Leases up to `limit` that are due, the longest due first. */
  claimNotices(now: number, leaseUntil: number, limit: number): Promise<QueuedNotice[]>;
  /** It was sent, or nobody wants it any more. */
  removeNotice(id: string): Promise<void>;
  /** It could not be sent: counts the attempt. */
  deferNotice(id: string, retryAt: number, error: string): Promise<void>;
  /** How many wait, and since when the oldest does. Counts no further than to `limit`. */
  waitingNotices(limit: number): Promise<{ count: number; oldest: number | null }>;
  /** Deletes at most `limit` keys whose time is over; how many. */
  forgetTold(now: number, limit: number): Promise<number>;
}
