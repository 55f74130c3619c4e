import { monotonic } from './monotonic.js';
import { MINUTE } from './time.js';

/** A clock that differs this much from the time that passed was set. */
const SET_BY = MINUTE;

/** Notices when a clock was set, by comparing it with one that only counts. */
export class SteadyClock {
  #since: { clock: number; passed: number } | null = null;

  /** @param passing a monotonic clock, in ms */
  constructor(private readonly passing: () => number = monotonic) {}

  /** Milliseconds the clock has run evenly since it was first looked at here, or was set. */
  evenFor(now: number): number {
    const passed = this.passing();
    const since = this.#since;
    if (since === null || Math.abs(now - since.clock - (passed - since.passed)) > SET_BY) {
      this.#since = { clock: now, passed };
      return 0;
    }
    return passed - since.passed;
  }
}
