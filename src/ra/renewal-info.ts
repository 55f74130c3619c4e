import type { Certificate } from '../model/facts.js';

/** Length of the window after a compromise of the issuer, in ms: soon, but not all clients at the same time. */
const REPLACED_WITHIN = 3600_000;

/**
 * RFC 9773 §4.2: the renewal window. It begins at two thirds of the lifetime and lasts a sixteenth of it, so that certificates issued at
 * the same time are not renewed at the same time. The window of a revoked certificate is in the past, which means: renew now.
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
  // The clock was ahead at issuance, so the certificate is not valid yet.
  if (certificate.notBefore > now) return { start: now - 2000, end: now - 1000 };
  const start = certificate.notBefore + (lifetime * 2) / 3;
  const end = start + lifetime / 16;
  if (replaceFrom !== null && replaceFrom < start && certificate.notBefore <= replaceFrom) {
    return { start: replaceFrom, end: replaceFrom + Math.min(REPLACED_WITHIN, Math.floor(lifetime / 16)) };
  }
  return { start: Math.floor(start), end: Math.floor(end) };
}
