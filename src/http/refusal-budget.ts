import { MINUTE } from '../lib/time.js';

/**
 * Limits of log lines per minute for one address, and for all addresses together, so that a flood does not
 * fill the disk.
 */
const PER_ADDRESS = 30;
const ALL = 300;

/**
 * Decides which refusals are logged: a limited number per minute for each address and for all addresses. The
 * others are counted, and the count is logged after the minute. At most as many addresses are tracked as
 * lines may be logged.
 */
export class RefusalBudget {
  #until = Number.NEGATIVE_INFINITY;
  #logged = 0;
  #suppressed = 0;
  readonly #byAddress = new Map<string, number>();

  /** @param now milliseconds */
  constructor(private readonly now: () => number) {}

  /** @returns whether to log a refusal to this address, and the number of refusals not logged in the last minute, reported once */
  take(address: string): { log: boolean; suppressed: number } {
    const now = this.now();
    const suppressed = now >= this.#until ? this.#startMinute(now) : 0;
    const ofAddress = this.#byAddress.get(address) ?? 0;
    const log = this.#logged < ALL && ofAddress < PER_ADDRESS;
    if (log) {
      this.#logged += 1;
      this.#byAddress.set(address, ofAddress + 1);
    } else {
      this.#suppressed += 1;
    }
    return { log, suppressed };
  }

  #startMinute(now: number): number {
    const suppressed = this.#suppressed;
    this.#until = now + MINUTE;
    this.#logged = 0;
    this.#suppressed = 0;
    this.#byAddress.clear();
    return suppressed;
  }
}
