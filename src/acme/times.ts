/** RFC 3339 (RFC 8555 §7.1: all times), to the second, from milliseconds since the epoch. */
export function rfc3339(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/**
 * `Retry-After` for a client that polls (§7.4, §7.5.1, §8.2), in seconds. It is the least that HTTP can express: on a private
 * network the result takes milliseconds, and attempts are retried within seconds.
 */
export const POLL_AFTER = 1;
