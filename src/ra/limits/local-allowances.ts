import { BoundedMap } from '../../lib/bounded-map.js';
import { SingleFlight } from '../../lib/single-flight.js';
import {
  type Allowances,
  type KeptUse,
  type Use,
  type Used,
  usedUntil,
  waitOf,
} from '../../store/contract/allowances.js';
import type { RaStore } from '../../store/contract/ra.js';

/** Limit of keys: more than the clients of one RA use in a day; about 10 MB. */
const MAX_KEYS = 100_000;

/**
 * Shortest interval between two writes, in ms. The uses of many orders and their refunds then share one write. A crash loses the counts
 * of this time.
 */
const WRITE_EVERY = 250;

/** Opens the counters of limits: in a shared store, or in memory. `saved` resolves when the counts in memory are written. */
export async function openAllowances(
  store: Pick<RaStore, 'shared' | 'loadAllowances' | 'saveAllowances'>,
  now: number,
  onError: (error: unknown) => void,
): Promise<{ allowances: Allowances; saved(): Promise<void> }> {
  if (store.shared) return { allowances: store.shared, saved: async () => undefined };
  const allowances = await LocalAllowances.open(store, now, onError);
  return { allowances, saved: () => allowances.saved() };
}

/**
 * Counts limits in memory, for an RA that does not share its store, so that requests do not wait for the disk. The counts are written
 * a moment later, so that they survive a restart.
 */
export class LocalAllowances implements Allowances {
  /** The time at which all uses of a key have expired, by key; the least recently used first. */
  readonly #until = new BoundedMap<string, number>(MAX_KEYS);
  /** Keys whose state the store does not have yet. */
  readonly #unsaved = new Set<string>();
  readonly #saving = new SingleFlight(() => this.#write());
  /** Whether somebody waits for the counts to be written. */
  #isAwaited = false;
  /** Ends the interval between two writes. */
  #wake = () => {};

  constructor(
    private readonly store: Pick<RaStore, 'loadAllowances' | 'saveAllowances'>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /**
   * Continues with the counts of an earlier run.
   * @param onError called when a write fails; its counts are written again with the next
   * @throws StoreUnavailable
   */
  static async open(
    store: Pick<RaStore, 'loadAllowances' | 'saveAllowances'>,
    now: number,
    onError: (error: unknown) => void,
  ): Promise<LocalAllowances> {
    const allowances = new LocalAllowances(store, onError);
    const kept = await store.loadAllowances(now, MAX_KEYS);
    for (const { key, until } of kept.reverse()) allowances.#until.set(key, until);
    return allowances;
  }

  /** Resolves when all counts are written, or the last write failed. */
  async saved(): Promise<void> {
    this.#isAwaited = true;
    this.#wake();
    await this.#saving.idle();
    this.#isAwaited = false;
  }

  async use(uses: readonly Use[], now: number, looked: readonly Use[] = []): Promise<number[]> {
    const waits = [...looked, ...uses].map((use) => waitOf(this.#used(use, now), use, now));
    if (waits.every((wait) => wait === 0)) {
      for (const use of uses) this.#set(use.key, this.#used(use, now) + use.amount);
    }
    return waits;
  }

  async settle(back: readonly Used[], counted: readonly Use[], now: number): Promise<void> {
    for (const use of counted) {
      this.#set(use.key, Math.min(this.#used(use, now) + use.amount, now + use.window));
    }
    for (const { key, amount } of back) {
      const until = this.#until.get(key);
      if (until === undefined) continue;
      if (until - amount > now) this.#set(key, until - amount);
      else {
        this.#until.delete(key);
        this.#save(key);
      }
    }
  }

  #used({ key, window }: Use, now: number): number {
    return usedUntil(this.#until.get(key), window, now);
  }

  #set(key: string, until: number): void {
    this.#until.set(key, until);
    this.#save(key);
  }

  #save(key: string): void {
    this.#unsaved.add(key);
    void this.#saving.join();
  }

  async #write(): Promise<void> {
    // Uses during one write, and in the interval after it, go into the next.
    while (this.#unsaved.size > 0) {
      const used = [...this.#unsaved].map((key): KeptUse => ({ key, until: this.#until.get(key) ?? 0 }));
      this.#unsaved.clear();
      try {
        await this.store.saveAllowances(used);
      } catch (error) {
        for (const { key } of used) this.#unsaved.add(key);
        this.onError(error);
        return;
      }
      if (!this.#isAwaited) await this.#interval();
    }
  }

  #interval(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, WRITE_EVERY);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
