/**
 * Milliseconds of a clock that never jumps, whatever the system time is set to. Use it for pauses and for
 * cache lifetimes in a process; stored and shown times come from the system clock.
 */
export const monotonic = (): number => performance.now();
