import type { Certificate } from '../model/facts.js';

/** After a compromise of the issuer, in ms: a fleet does not come back at one moment, and yet at once. */
const REPLACED_WITHIN = 3600_000;

/**
 * RFC 9773 §4.2: when to renew. From two thirds of the lifetime on, over a sixteenth of it, so that a fleet issued
 * at one moment does not come back at one moment; a revoked certificate's window is already past: renew now.
 */
export function renewalWindow(
  certificate: Pick<Certificate, 'notBefore' | 'notAfter' | 'revokedAt'>,
  now: number,
  /** What its issuer signed is to be replaced from then on. */
  replaceFrom: number | null = null,
): { start: number; end: number } {
  const lifetime = certificate.notAfter - certificate.notBefore;
  if (certificate.revokedAt !== null) {
    const end = Math.min(now - 1000, certificate.revokedAt);
    return { start: end - 1000, end };
  }
  // The clock was ahead when it was made: nobody can use it yet.
  if (certificate.notBefore > now) return { start: now - 2000, end: now - 1000 };
  const start = certificate.notBefore + (lifetime * 2) / 3;
  const end = start + lifetime / 16;
  if (replaceFrom !== null && replaceFrom < start && certificate.notBefore <= replaceFrom) {
    return { start: replaceFrom, end: replaceFrom + Math.min(REPLACED_WITHIN, Math.floor(lifetime / 16)) };
  }
  return { start: Math.floor(start), end: Math.floor(end) };
}
