/** The counts of one hour. */
export interface ActivityHour {
  /** The start of the hour, in ms since the epoch. */
  at: number;
  /** Certificates issued over ACME. */
  issued: number;
  /** Failed validations and refused orders. */
  failed: number;
  revoked: number;
}

/** Counts by the hour, of all RAs on a store together. */
export interface ActivityCounts {
  /**
   * Adds to the counts of these hours, and deletes all but the newest `keep` hours. It does not use the clock, which
   * may be wrong.
   */
  addActivity(hours: readonly ActivityHour[], keep: number): Promise<void>;
  /** The hours from `since` to `until` that have counts, oldest first. */
  listActivity(since: number, until: number): Promise<ActivityHour[]>;
}
