import type { Account } from '../../model/facts.js';
import type { Subject, Subjects } from '../../model/subject.js';

/** Replay nonces (RFC 8555 §6.5), each accepted once. */
export interface Nonces {
  /** A fresh nonce, base64url. */
  mint(): string;
  /** Spends a nonce; resolves with `ok` exactly once for each issued nonce. */
  spend(nonce: string): NonceVerdict | Promise<NonceVerdict>;
  /**
   * Spends a nonce, and reads the account and what its request is about in one step; present if all are in one database. Each is null
   * when it does not exist, or the verdict is not `ok`.
   */
  spendBy?<Kind extends keyof Subjects>(
    accountId: string,
    nonce: string,
    about?: Subject<Kind>,
  ): Promise<{ verdict: NonceVerdict; account: Account | null; found: Subjects[Kind] | null }>;
}

export type NonceVerdict = 'ok' | 'unknown' | 'spent' | 'expired';

/**
 * How long a nonce is valid, in ms. Clients store a nonce until their next request, rarely longer than a poll
 * interval; an hour tolerates a suspended client.
 */
export const NONCE_LIFETIME = 3600_000;
