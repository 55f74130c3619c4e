/** A lease that ends later than this from now was taken with a wrong clock, and holds nobody up, in ms. */
export const LONGEST_LEASE = 3_600_000;

/** Small named values, and the proof that a write can be made durable; the same in both schemas. */
export interface SettingsOperations {
  getSetting(name: string): string | null;
  listSettings(prefix: string): string[];
  putSetting(name: string, value: string): void;
  /** True when the setting was `before` (null: there was none) and is `value` now; false when it is something else. */
  replaceSetting(name: string, before: string | null, value: string): boolean;
  /** The setting becomes the JSON object `facts` with `count`, one more than it had. */
  countSetting(name: string, facts: string): number;
  takeLease(name: string, holder: string, now: number, until: number): boolean;
  /** Changes a page, so that COMMIT has something to write. */
  ping(): void;
}
