import { monotonic } from './monotonic.js';
import { MINUTE } from './time.js';

/** A difference (ms) between the clock and the elapsed time that shows that the clock was set. */
const SET_BY = MINUTE;

/** Detects that a clock was set, by comparing it with a monotonic clock. */
export class SteadyClock {
  #since: { clock: number; passed: number } | null = null;

  /** @param passing a monotonic clock, in ms */
  constructor(private readonly passing: () => number = monotonic) {}

  /** Milliseconds since the first call, or since the clock was last set. */
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
