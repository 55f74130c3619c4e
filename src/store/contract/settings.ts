/** Small named values, in both stores. */
export interface Settings {
  getSetting(name: string): Promise<string | null>;
  putSetting(name: string, value: string): Promise<void>;
  /**
   * Counts in a setting that no other method writes: it becomes the JSON object `facts` with `count`, one more than
   * before. Concurrent calls all get different numbers.
   */
  countSetting(name: string, facts: Record<string, number>): Promise<number>;
  /** Resolves when a write can be made durable right now (readiness). */
  ping(): Promise<void>;
  /** Finishes earlier calls, then closes the database. */
  close(): Promise<void>;
}
