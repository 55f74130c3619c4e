/** Replay nonces (RFC 8555 §6.5): given out, and accepted once each. */
export interface Nonces {
  /** A fresh nonce, base64url. */
  mint(): string;
  /** `ok` once for each nonce given out, and never again. */
  spend(nonce: string): NonceVerdict | Promise<NonceVerdict>;
}

export type NonceVerdict = 'ok' | 'unknown' | 'spent' | 'expired';

/**
 * How long a nonce is good, in ms. Clients keep nonces from one answer to the next, seldom longer than a poll; an hour
 * forgives a suspended one.
 */
export const NONCE_LIFETIME = 3600_000;
