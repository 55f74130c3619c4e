/**
 * Seconds for which a cache may reuse a CRL or an OCSP response. A revocation is visible everywhere after that time, and a thousand
 * clients behind one cache cost one request.
 */
const MAX_AGE = 300;

/** `max-age` of a response: at most five minutes, and never beyond `nextUpdate` (ms). */
export function maxAge(nextUpdate: number, now: number): number {
  return Math.max(0, Math.min(MAX_AGE, Math.floor((nextUpdate - now) / 1000)));
}
