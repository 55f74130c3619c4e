import { type Allowances, type Use, type Used, usedUntil, waitOf } from '../../contract/allowances.js';
import type { Database } from '../database.js';
import { countUses, settleAllowances, untilOf } from './allowances.js';

/** Most calls of each kind that share a statement. */
const MOST = 64;
/** How often uses are counted that had room when they were last looked at; other RAs may take it each time. */
const TRIES = 5;

interface UseCall {
  uses: readonly Use[];
  looked: readonly Use[];
  now: number;
  resolve(waits: number[]): void;
  reject(error: unknown): void;
}

interface SettleCall {
  back: readonly Used[];
  counted: readonly Use[];
  now: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Counts the uses of many requests together, and settles those of many certificates together: those that arrive while a statement
 * is under way share the next one. Only one is under way at a time: two in one transaction would lock keys in any order, and could
 * deadlock with those of another RA.
 */
export class GatheredAllowances implements Allowances {
  readonly #uses: UseCall[] = [];
  readonly #settlements: SettleCall[] = [];
  #underWay = false;

  /** @param carryOut runs statements that do not wait for a disk */
  constructor(private readonly carryOut: <T>(operation: (db: Database) => Promise<T>) => Promise<T>) {}

  use(uses: readonly Use[], now: number, looked: readonly Use[] = []): Promise<number[]> {
    return new Promise((resolve, reject) => {
      this.#uses.push({ uses, looked, now, resolve, reject });
      this.#start();
    });
  }

  settle(back: readonly Used[], counted: readonly Use[], now: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settlements.push({ back, counted, now, resolve, reject });
      this.#start();
    });
  }

  #start(): void {
    if (this.#underWay) return;
    this.#underWay = true;
    setImmediate(async () => {
      while (this.#uses.length + this.#settlements.length > 0) {
        await this.#together(this.#uses.splice(0, MOST), useTogether);
        await this.#together(this.#settlements.splice(0, MOST), settleTogether);
      }
      this.#underWay = false;
    });
  }

  /** When it fails, it fails for each of them. */
  async #together<Call extends { reject(error: unknown): void }>(
    calls: readonly Call[],
    work: (db: Database, calls: readonly Call[]) => Promise<void>,
  ): Promise<void> {
    if (calls.length === 0) return;
    try {
      await this.carryOut((db) => work(db, calls));
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }
}

/** With one statement if no limit is reached. */
async function useTogether(db: Database, calls: readonly UseCall[]): Promise<void> {
  const now = latest(calls);
  let open = calls;
  for (let tries = 0; tries < TRIES && open.length > 0; tries += 1) {
    if (await countAll(db, open, now)) {
      for (const { uses, looked, resolve } of open) resolve([...looked, ...uses].map(() => 0));
      return;
    }
    const until = await untilOf(db, [
      ...new Set(open.flatMap(({ uses, looked }) => [...looked, ...uses].map(({ key }) => key))),
    ]);
    open = open.filter((call) => !isDecided(call, until, now));
  }
  // Others took the room meanwhile, or gave it back: the client may come again at once.
  for (const { uses, looked, resolve } of open) resolve([...looked.map(() => 0), ...uses.map(() => 1)]);
}

/** Counts the uses of all calls, or none. */
async function countAll(db: Database, calls: readonly UseCall[], now: number): Promise<boolean> {
  const uses = summed(calls.flatMap((call) => call.uses));
  // The statement would not check the first use of a key.
  const fits = uses.every(({ amount, window }) => amount <= window);
  if (uses.length === 0 || !fits) return false;
  const looked = calls.flatMap((call) => call.looked);
  const counted = await countUses(db, uses, looked, now);
  if (counted.size === uses.length) return true;
  const taken = uses.filter(({ key }) => counted.has(key));
  if (taken.length > 0) await settleAllowances(db, taken, [], now);
  return false;
}

/** Answers a call that has no room or uses nothing. Adds the uses of one that has room to `until`, for the calls after it. */
function isDecided({ uses, looked, resolve }: UseCall, until: Map<string, number>, now: number): boolean {
  const used = ({ key, window }: Use) => usedUntil(until.get(key), window, now);
  const waits = [...looked, ...uses].map((use) => waitOf(used(use), use, now));
  if (uses.length === 0 || waits.some((wait) => wait > 0)) {
    resolve(waits);
    return true;
  }
  for (const use of uses) until.set(use.key, used(use) + use.amount);
  return false;
}

async function settleTogether(db: Database, calls: readonly SettleCall[]): Promise<void> {
  const back = summed(calls.flatMap((call) => call.back));
  const counted = summed(calls.flatMap((call) => call.counted));
  if (back.length + counted.length > 0) await settleAllowances(db, back, counted, latest(calls));
  for (const { resolve } of calls) resolve();
}

function latest(calls: readonly { now: number }[]): number {
  return Math.max(...calls.map(({ now }) => now));
}

/** One use for each key. */
function summed<U extends Used>(uses: readonly U[]): U[] {
  const byKey = new Map<string, U>();
  for (const use of uses) {
    const before = byKey.get(use.key);
    byKey.set(use.key, before ? { ...use, amount: before.amount + use.amount } : use);
  }
  return [...byKey.values()];
}
