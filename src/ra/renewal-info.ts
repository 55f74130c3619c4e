import type { Certificate } from '../model/facts.js';

/** The window after a compromise of the issuer, in ms: at once, but not the whole fleet at one moment. */
const REPLACED_WITHIN = 3600_000;

/**
 * RFC 9773 §4.2: when to renew. The window begins at two thirds of the lifetime and lasts a sixteenth of it,
 * so that a fleet issued at one moment does not return at one moment. The window of a revoked certificate is
 * already past: renew now.
 */
export function renewalWindow(
  certificate: Pick<Certificate, 'notBefore' | 'notAfter' | 'revokedAt'>,
  now: number,
  /** The certificates of its issuer must be replaced from this time on. */
  replaceFrom: number | null = null,
): { start: number; end: number } {
  const lifetime = certificate.notAfter - certificate.notBefore;
  if (certificate.revokedAt !== null) {
    const end = Math.min(now - 1000, certificate.revokedAt);
    return { start: end - 1000, end };
  }
  // The clock was ahead when it was made: it is not valid yet.
  if (certificate.notBefore > now) return { start: now - 2000, end: now - 1000 };
  const start = certificate.notBefore + (lifetime * 2) / 3;
  const end = start + lifetime / 16;
  if (replaceFrom !== null && replaceFrom < start && certificate.notBefore <= replaceFrom) {
    return { start: replaceFrom, end: replaceFrom + Math.min(REPLACED_WITHIN, Math.floor(lifetime / 16)) };
  }
  return { start: Math.floor(start), end: Math.floor(end) };
}
