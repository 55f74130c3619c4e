import { createHash } from 'node:crypto';

/** SHA-256 of a certificate's DER, lower-case hex. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/** A short fingerprint for people to compare: the first bytes in upper-case hex with colons. */
export function shortFingerprint(hex: string): string {
  return `${withColons(hex.slice(0, 16))}…`;
}

/** Hex as fingerprints are printed: upper-case, with colons. */
export function withColons(hex: string): string {
  return hex.toUpperCase().match(/../g)?.join(':') ?? '';
}
