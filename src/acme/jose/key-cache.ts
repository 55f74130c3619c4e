import { BoundedMap } from '../../lib/bounded-map.js';
import type { Account } from '../../model/facts.js';
import { type PublicKey, parseJwk } from './jwk.js';

/** Each is about 2 KiB, mostly OpenSSL's. */
const SIZE = 10_000;

/** The key that an account last used. */
interface AccountKey {
  /** RFC 7638 */
  thumbprint: string;
  key: PublicKey;
}

/**
 * A cache of imported account keys: importing a key costs as much as verifying a signature. The least
 * recently used are evicted.
 */
export class KeyCache {
  /** By the account's id. */
  readonly #keys = new BoundedMap<string, AccountKey>(SIZE);

  /** The key that may still be the account's. */
  lastOf(accountId: string): AccountKey | null {
    return this.#keys.get(accountId) ?? null;
  }

  ofAccount({ id, thumbprint, jwk }: Account): PublicKey {
    const known = this.#keys.get(id);
    const entry = known?.thumbprint === thumbprint ? known : { thumbprint, key: parseJwk(jwk) };
    this.#keys.set(id, entry);
    return entry.key;
  }
}
