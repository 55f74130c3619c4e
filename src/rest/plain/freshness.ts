/**
 * Seconds that a cache may reuse a CRL or an OCSP response: a revocation is seen everywhere within them, and
 * a thousand clients behind one cache ask once.
 */
const MAX_AGE = 300;

/** Never beyond nextUpdate (ms). */
export function maxAge(nextUpdate: number, now: number): number {
  return Math.max(0, Math.min(MAX_AGE, Math.floor((nextUpdate - now) / 1000)));
}
