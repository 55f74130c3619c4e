/** So much of something: `amount` of what `window` holds, both in milliseconds of waiting. */
export interface Use {
  key: string;
  /** What this use costs: how long it takes until as much may be used again. */
  amount: number;
  /** The most that may be used at once, after a long time without any. */
  window: number;
}

/** What an earlier use cost. */
export type Used = Pick<Use, 'key' | 'amount'>;

/**
 * Counts how much each key has used lately, among all RAs of a store (GCRA, a leaky bucket in one number a key: the time by
 * which everything used is forgotten). Nothing here outlives a crash of the database, and need not.
 */
export interface Allowances {
  /**
   * Counts all of `uses`, each of another key, where there is room for them and for every one of `looked`, which is only
   * looked at; else none. Answers how long to wait for each, in ms: those looked at first, 0 where there is room.
   */
  use(uses: readonly Use[], now: number, looked?: readonly Use[]): Promise<number[]>;
  /** Takes earlier uses back. */
  giveBack(uses: readonly Used[], now: number): Promise<void>;
}

/** @param until when all used so far is forgotten, not before `now` */
export function waitOf(
  until: number,
  { amount, window }: Pick<Use, 'amount' | 'window'>,
  now: number,
): number {
  return Math.max(0, until + amount - (now + window));
}
