import { DAY, MINUTE } from '../../lib/time.js';

/** One use of a limit: `amount` out of `window`, both in milliseconds of waiting. */
export interface Use {
  key: string;
  /** The cost of this use: how long until as much may be used again. */
  amount: number;
  /** The most that may be used in one burst. */
  window: number;
}

/** The key and the cost of an earlier use. */
export type Used = Pick<Use, 'key' | 'amount'>;

/** A key, and the time at which everything it used is forgotten. */
export interface KeptUse {
  key: string;
  until: number;
}

/**
 * Counts how much each key used recently, across all RAs of a store. The algorithm is GCRA, a leaky bucket in
 * one number per key: the time by which everything used is forgotten.
 */
export interface Allowances {
  /**
   * Counts all of `uses`, each of another key, if they and all of `looked` have room; else none. `looked` is
   * only checked. Resolves with how long to wait for each, in ms, `looked` first; 0 where there is room.
   */
  use(uses: readonly Use[], now: number, looked?: readonly Use[]): Promise<number[]>;
  /**
   * Subtracts the uses of `back`, and adds those of `counted` also where there is no room: the key is then used up. A
   * key occurs once among them.
   */
  settle(back: readonly Used[], counted: readonly Use[], now: number): Promise<void>;
}

/** Keeps limits (RFC 8555 §6.6) when the RA ends. */
export interface AllowanceKeeping {
  /** At most `limit` keys in use at `now`, for an RA that has the store to itself and counts in memory. */
  loadAllowances(now: number, limit: number): Promise<KeptUse[]>;
  saveAllowances(used: readonly KeptUse[]): Promise<void>;
  /**
   * Deletes at most `limit` keys whose use is all forgotten, and as many written by a clock that was days
   * ahead; resolves with how many.
   */
  forgetAllowances(now: number, limit: number): Promise<number>;
}

/** @param until when everything used so far is forgotten, not before `now` */
export function waitOf(
  until: number,
  { amount, window }: Pick<Use, 'amount' | 'window'>,
  now: number,
): number {
  return Math.max(0, until + amount - (now + window));
}

/** No use reaches further ahead than this, in ms: twice the longest window, a day. */
export const FAR_AHEAD = 2 * DAY;

/** How much the clocks of replicas may differ, in ms. */
export const CLOCK_SKEW = MINUTE;

/**
 * When everything used so far is forgotten, not before `now`. A time more than a window ahead was written by
 * a clock that was ahead, and is ignored.
 */
export function usedUntil(kept: number | undefined, window: number, now: number): number {
  if (kept === undefined || kept > now + window + CLOCK_SKEW) return now;
  return Math.min(Math.max(now, kept), now + window);
}
