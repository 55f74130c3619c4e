import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createCsr } from '../../kit/csr.js';

/**
 * Makes a fresh CSR for every certificate. Its P-256 key is one of several made before the clock started: making keys is the
 * client's own cost and says nothing about a server.
 */
export class CsrMaker {
  readonly #keys: KeyObject[];
  #next = 0;

  constructor(keys = 64) {
    this.#keys = Array.from(
      { length: keys },
      () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    );
  }

  /** DER in base64url, with exactly this DNS name or IP address. */
  make(name: string): string {
    const key = this.#keys[this.#next++ % this.#keys.length];
    return createCsr([name], key ? { key } : {}).der.toString('base64url');
  }
}
