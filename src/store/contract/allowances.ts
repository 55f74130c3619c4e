/** So much of something: `amount` of what `window` holds, both in milliseconds of waiting. */
export interface Use {
  key: string;
  /** What this use costs: how long it takes until as much may be used again. */
  amount: number;
  /** The most that may be used at once, after a long time without any. */
  window: number;
}

/**
 * Counts how much each key has used lately, among all RAs of a store (GCRA, a leaky bucket in one number a key: the time by
 * which everything used is forgotten). Nothing here outlives a crash of the database, and need not.
 */
export interface Allowances {
  /** Counts the use and returns 0; or returns how long to wait, in ms, and counts nothing. */
  use(use: Use, now: number): Promise<number>;
  /** As `use`, but counts nothing. */
  wait(use: Use, now: number): Promise<number>;
  /** Takes an earlier use back. */
  giveBack(use: Pick<Use, 'key' | 'amount'>, now: number): Promise<void>;
}

/** @param until when all used so far is forgotten, not before `now` */
export function waitOf(
  until: number,
  { amount, window }: Pick<Use, 'amount' | 'window'>,
  now: number,
): number {
  return Math.max(0, until + amount - (now + window));
}
