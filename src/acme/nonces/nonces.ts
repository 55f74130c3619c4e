import type { Account } from '../../model/facts.js';

/** Replay nonces (RFC 8555 §6.5), each accepted once. */
export interface Nonces {
  /** A fresh nonce, base64url. */
  mint(): string;
  /** Resolves with `ok` exactly once for each nonce given out. */
  spend(nonce: string): NonceVerdict | Promise<NonceVerdict>;
  /**
   * The same, and reads the account in the same step; there where both are in one database. The account is null when there
   * is none, or the verdict needed no question.
   */
  spendBy?(accountId: string, nonce: string): Promise<{ verdict: NonceVerdict; account: Account | null }>;
}

export type NonceVerdict = 'ok' | 'unknown' | 'spent' | 'expired';

/**
 * How long a nonce is valid, in ms. Clients keep nonces from one answer to the next, seldom longer than a
 * poll; an hour tolerates a suspended client.
 */
export const NONCE_LIFETIME = 3600_000;
