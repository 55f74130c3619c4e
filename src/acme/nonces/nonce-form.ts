import { type Cipher, createCipheriv, timingSafeEqual } from 'node:crypto';

/**
 * The format of a replay nonce (RFC 8555 §6.5): 32 bytes, 43 base64url characters:
 *
 *     issuer (6, random) | counter (6) | second of its creation (4, until 2106) | MAC (16)
 *
 * The MAC is the AES-256 encryption of the first 16 bytes: for messages of exactly one block, a block cipher is a MAC. A nonce cannot be
 * forged without the key, so issued nonces need not be stored.
 */
const ISSUER = 6;
const COUNTER = 6;
const SECOND = 4;
const BLOCK = ISSUER + COUNTER + SECOND;
const FORM = /^[A-Za-z0-9_-]{43}$/;

/** Bytes of the issuer field. */
export const ISSUER_BYTES = ISSUER;
/** Bytes of a key. */
export const NONCE_KEY_BYTES = 32;

export interface Nonce {
  /** Issuer and counter, which are unique among the nonces of a key. */
  id: Buffer;
  counter: number;
  /** Since the epoch. */
  second: number;
}

/** Encodes and decodes the nonces of one key. Each takes about a microsecond. */
export class NonceForm {
  /** Encrypts single blocks, independently of each other. */
  readonly #cipher: Cipher;

  /** @throws RangeError when the key is not 32 bytes */
  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv('aes-256-ecb', key, null);
  }

  /** base64url, as §6.5.1 requires. */
  write(issuer: Buffer, counter: number, second: number): string {
    const nonce = Buffer.allocUnsafe(2 * BLOCK);
    issuer.copy(nonce);
    nonce.writeUIntBE(counter, ISSUER, COUNTER);
    nonce.writeUIntBE(second, ISSUER + COUNTER, SECOND);
    this.#mac(nonce).copy(nonce, BLOCK);
    return nonce.toString('base64url');
  }

  /** Decodes a nonce; null when it was not created with this key. */
  read(text: string): Nonce | null {
    if (!FORM.test(text)) return null;
    const bytes = Buffer.from(text, 'base64url');
    if (!timingSafeEqual(this.#mac(bytes), bytes.subarray(BLOCK))) return null;
    return {
      id: bytes.subarray(0, ISSUER + COUNTER),
      counter: bytes.readUIntBE(ISSUER, COUNTER),
      second: bytes.readUIntBE(ISSUER + COUNTER, SECOND),
    };
  }

  #mac(nonce: Buffer): Buffer {
    return this.#cipher.update(nonce.subarray(0, BLOCK));
  }
}
