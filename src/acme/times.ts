/** RFC 3339 (RFC 8555 §7.1: all times), to the second, from milliseconds since the epoch. */
export function rfc3339(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/**
 * Seconds a client is told to wait before it polls again (§7.4, §7.5.1, §8.2). The least HTTP can say: on a
 * private network the result takes milliseconds, and attempts are retried within seconds.
 */
export const POLL_AFTER = 1;
