/**
 * Milliseconds that only ever pass, whatever the clock is set to: for pauses, and for how long something is remembered in a
 * process. Times that are stored or shown are the clock's.
 */
export const monotonic = (): number => performance.now();
