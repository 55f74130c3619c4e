import { BoundedMap } from '../../lib/bounded-map.js';
import type { Account } from '../../model/facts.js';
import { type PublicKey, parseJwk } from './jwk.js';

/** Limit of cached keys. Each takes about 2 KiB, mostly in OpenSSL. */
const SIZE = 10_000;

/** The key that an account used last. */
interface AccountKey {
  /** RFC 7638 */
  thumbprint: string;
  key: PublicKey;
}

/**
 * A cache of imported account keys, because importing a key costs as much as verifying a signature. The least
 * recently used keys are evicted.
 */
export class KeyCache {
  /** By the account's id. */
  readonly #keys = new BoundedMap<string, AccountKey>(SIZE);

  /** The last known key of the account, which may have changed. */
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
