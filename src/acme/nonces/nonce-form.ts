import { type Cipher, createCipheriv, timingSafeEqual } from 'node:crypto';

/**
 * What a replay nonce (RFC 8555 §6.5) looks like: 32 bytes, 43 base64url characters:
 *
 *     issuer (6, random) | counter (6) | second it was made (4, until 2106) | MAC (16)
 *
 * The MAC is the AES-256 encryption of the first 16 bytes: for messages of exactly one block a block cipher is a MAC. Only who
 * has the key can make a nonce, so none need be remembered when it is given out.
 */
const ISSUER = 6;
const COUNTER = 6;
const SECOND = 4;
const BLOCK = ISSUER + COUNTER + SECOND;
const FORM = /^[A-Za-z0-9_-]{43}$/;

/** Bytes of an issuer's mark. */
export const ISSUER_BYTES = ISSUER;
/** Bytes of a key. */
export const NONCE_KEY_BYTES = 32;

export interface Nonce {
  /** Issuer and counter: no two nonces of one key have the same. */
  id: Buffer;
  counter: number;
  /** Since the epoch. */
  second: number;
}

/** Writes and reads the nonces of one key; either takes about a microsecond. */
export class NonceForm {
  /** One block at a time, each by itself. */
  readonly #cipher: Cipher;

  /** @throws RangeError when the key is not 32 bytes */
  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv('aes-256-ecb', key, null);
  }

  /** base64url, as §6.5.1 has it. */
  write(issuer: Buffer, counter: number, second: number): string {
    const nonce = Buffer.allocUnsafe(2 * BLOCK);
    issuer.copy(nonce);
    nonce.writeUIntBE(counter, ISSUER, COUNTER);
    nonce.writeUIntBE(second, ISSUER + COUNTER, SECOND);
    this.#mac(nonce).copy(nonce, BLOCK);
    return nonce.toString('base64url');
  }

  /** Null when it was not made with this key. */
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
