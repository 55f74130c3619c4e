import { type Allowances, type Use, type Used, waitOf } from '../../store/contract/allowances.js';

/** Keys remembered: more than one RA's clients use in a day; about 10 MB. */
const MAX_KEYS = 100_000;

/** For an RA that has its store alone. */
export class LocalAllowances implements Allowances {
  /** By key, when all it used is forgotten; the one used longest ago first. */
  readonly #until = new Map<string, number>();

  async use(uses: readonly Use[], now: number, looked: readonly Use[] = []): Promise<number[]> {
    const waits = [...looked, ...uses].map((use) => waitOf(this.#used(use.key, now), use, now));
    if (waits.every((wait) => wait === 0)) {
      for (const { key, amount } of uses) this.#set(key, this.#used(key, now) + amount);
    }
    return waits;
  }

  async giveBack(uses: readonly Used[], now: number): Promise<void> {
    for (const { key, amount } of uses) {
      const left = this.#used(key, now) - amount;
      if (left > now) this.#set(key, left);
      else this.#until.delete(key);
    }
  }

  #used(key: string, now: number): number {
    return Math.max(now, this.#until.get(key) ?? now);
  }

  #set(key: string, until: number): void {
    this.#until.delete(key);
    this.#until.set(key, until);
    if (this.#until.size <= MAX_KEYS) return;
    for (const oldest of this.#until.keys()) {
      this.#until.delete(oldest);
      return;
    }
  }
}
