import type { Account } from '../../model/facts.js';
import type { Subject, Subjects } from '../../model/subject.js';
import type { Allowances } from './allowances.js';

/** The key under which a nonce is marked as spent. */
export interface NonceMark {
  id: Uint8Array;
  second: number;
}

export type SpentNonce = 'ok' | 'spent' | 'unknown';

/**
 * The counts that all RAs of a store share: nonces (RFC 8555 §6.5), each valid once whichever RA made it, and limits
 * (§6.6).
 */
export interface SharedByReplicas extends Allowances {
  /**
   * The key by which all RAs make nonces; `candidate` becomes the key when there is none. An event that loses the
   * marks of spent nonces also loses the key.
   */
  nonceKey(candidate: Uint8Array): Promise<Uint8Array>;
  /** Marks a nonce spent: `spent` when it was, `unknown` when its key is no longer the one in use. */
  spendNonce(key: Uint8Array, nonce: NonceMark): Promise<SpentNonce>;
  /**
   * The same, and reads the account of this id and what its request is about in the same step. Each is null when it does not exist,
   * or the nonce is not `ok`.
   */
  spendNonceBy<Kind extends keyof Subjects>(
    accountId: string,
    key: Uint8Array,
    nonce: NonceMark,
    about?: Subject<Kind>,
  ): Promise<{ spent: SpentNonce; account: Account | null; found: Subjects[Kind] | null }>;
  /** Deletes at most `limit` marks of nonces made before this second; how many. */
  forgetNonces(beforeSecond: number, limit: number): Promise<number>;
}
