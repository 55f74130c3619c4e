import { DAY, MINUTE } from '../../lib/time.js';

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

/** A key, and when all it has used is forgotten. */
export interface KeptUse {
  key: string;
  until: number;
}

/**
 * Counts how much each key has used lately, among all RAs of a store (GCRA, a leaky bucket in one number a key: the time by
 * which everything used is forgotten).
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

/** What becomes of limits (RFC 8555 §6.6) when the RA ends. */
export interface AllowanceKeeping {
  /** What was in use at `now`, at most `limit` of it: of an RA that has the store alone and counts in memory. */
  loadAllowances(now: number, limit: number): Promise<KeptUse[]>;
  saveAllowances(used: readonly KeptUse[]): Promise<void>;
  /** Deletes at most `limit` keys each whose use is all forgotten, and that a clock which was days ahead has written; how many. */
  forgetAllowances(now: number, limit: number): Promise<number>;
}

/** @param until when all used so far is forgotten, not before `now` */
export function waitOf(
  until: number,
  { amount, window }: Pick<Use, 'amount' | 'window'>,
  now: number,
): number {
  return Math.max(0, until + amount - (now + window));
}

/** Milliseconds that no use reaches ahead: twice the longest window, a day. */
export const FAR_AHEAD = 2 * DAY;

/** By how much clocks of replicas may differ, in ms. */
export const CLOCK_SKEW = MINUTE;

/**
 * When all used so far is forgotten, not before `now`. More than a window ahead is what a clock has written that was ahead: it
 * locks nobody out.
 */
export function usedUntil(kept: number | undefined, window: number, now: number): number {
  if (kept === undefined || kept > now + window + CLOCK_SKEW) return now;
  return Math.min(Math.max(now, kept), now + window);
}
