import type { Certificate } from '../model/facts.js';

/**
 * RFC 9773 §4.2: when to renew. From two thirds of the lifetime on, over a sixteenth of it, so that a fleet issued
 * at one moment does not come back at one moment; a revoked certificate's window is already past: renew now.
 */
export function renewalWindow(
  certificate: Pick<Certificate, 'notBefore' | 'notAfter' | 'revokedAt'>,
  now: number,
): { start: number; end: number } {
  const lifetime = certificate.notAfter - certificate.notBefore;
  if (certificate.revokedAt !== null) {
    const end = Math.min(now - 1000, certificate.revokedAt);
    return { start: end - 1000, end };
  }
  const start = certificate.notBefore + (lifetime * 2) / 3;
  return { start: Math.floor(start), end: Math.floor(start + lifetime / 16) };
}
