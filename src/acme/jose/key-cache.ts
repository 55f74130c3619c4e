import { BoundedMap } from '../../lib/bounded-map.js';
import type { Account } from '../../model/facts.js';
import { type PublicKey, parsePublicKey } from './jwk.js';

/** Each is about 2 KiB, mostly OpenSSL's. */
const SIZE = 10_000;

/** The key an account was last seen with. */
export interface AccountKey {
  /** RFC 7638 */
  thumbprint: string;
  key: PublicKey;
}

/** Keys of accounts, imported once: that costs as much as verifying a signature. Least recently used go first. */
export class KeyCache {
  /** By the account's id. */
  readonly #keys = new BoundedMap<string, AccountKey>(SIZE);

  /** What may be the account's key still. */
  lastOf(accountId: string): AccountKey | null {
    return this.#keys.get(accountId) ?? null;
  }

  ofAccount({ id, thumbprint, jwk }: Account): PublicKey {
    const known = this.#keys.get(id);
    const entry = known?.thumbprint === thumbprint ? known : { thumbprint, key: parsePublicKey(jwk) };
    this.#keys.set(id, entry);
    return entry.key;
  }
}
