import type { Account } from '../../model/facts.js';
import { type PublicKey, parsePublicKey } from './jwk.js';

/** Each is about 2 KiB, mostly OpenSSL's. */
const SIZE = 10_000;

/** Keys of accounts, imported once: that costs as much as verifying a signature. Least recently used go first. */
export class KeyCache {
  readonly #keys = new Map<string, PublicKey>();

  ofAccount(account: Account): PublicKey {
    const { thumbprint } = account;
    const known = this.#keys.get(thumbprint);
    if (known) {
      this.#keys.delete(thumbprint);
      this.#keys.set(thumbprint, known);
      return known;
    }
    const key = parsePublicKey(account.jwk);
    this.#keys.set(thumbprint, key);
    if (this.#keys.size > SIZE) {
      for (const oldest of this.#keys.keys()) {
        this.#keys.delete(oldest);
        break;
      }
    }
    return key;
  }
}
