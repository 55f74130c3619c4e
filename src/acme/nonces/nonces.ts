/** Replay nonces (RFC 8555 §6.5), each accepted once. */
export interface Nonces {
  /** A fresh nonce, base64url. */
  mint(): string;
  /** Resolves with `ok` exactly once for each nonce given out. */
  spend(nonce: string): NonceVerdict | Promise<NonceVerdict>;
}

export type NonceVerdict = 'ok' | 'unknown' | 'spent' | 'expired';

/**
 * How long a nonce is valid, in ms. Clients keep nonces from one answer to the next, seldom longer than a
 * poll; an hour tolerates a suspended client.
 */
export const NONCE_LIFETIME = 3600_000;
