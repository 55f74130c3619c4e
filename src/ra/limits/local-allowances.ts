import { type Allowances, type Use, waitOf } from '../../store/contract/allowances.js';

/** Keys remembered: more than one RA's clients use in a day; about 10 MB. */
const MAX_KEYS = 100_000;

/** For an RA that has its store alone. */
export class LocalAllowances implements Allowances {
  /** By key, when all it used is forgotten; the one used longest ago first. */
  readonly #until = new Map<string, number>();

  async use(use: Use, now: number): Promise<number> {
    const used = this.#used(use.key, now);
    const wait = waitOf(used, use, now);
    if (wait === 0) this.#set(use.key, used + use.amount);
    return wait;
  }

  async wait(use: Use, now: number): Promise<number> {
    return waitOf(this.#used(use.key, now), use, now);
  }

  async giveBack({ key, amount }: Pick<Use, 'key' | 'amount'>, now: number): Promise<void> {
    const left = this.#used(key, now) - amount;
    if (left > now) this.#set(key, left);
    else this.#until.delete(key);
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
