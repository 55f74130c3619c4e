/** How often each thing happened in one hour. */
export interface ActivityHour {
  /** Its begin, in ms since the epoch. */
  at: number;
  /** Certificates issued over ACME. */
  issued: number;
  /** Failed validations and refused orders. */
  failed: number;
  revoked: number;
}

/** Counts by the hour, of all RAs on a store together. */
export interface ActivityCounts {
  /** Adds to what is counted of these hours, and forgets all but the newest `keep` hours: no clock is asked, which may be wrong. */
  addActivity(hours: readonly ActivityHour[], keep: number): Promise<void>;
  /** The hours from `since` to `until` in which something happened, oldest first. */
  listActivity(since: number, until: number): Promise<ActivityHour[]>;
}
