import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * What a replay nonce (RFC 8555 §6.5) looks like: 33 bytes, 44 base64url characters:
 *
 *     issuer (6, random) | counter (6) | second it was made (5) | MAC (16)
 *
 * The MAC is HMAC-SHA256 over the first 17 bytes, cut to 128 bits. Only who has the key can make a nonce, so none need be
 * remembered when it is given out.
 */
const ISSUER = 6;
const COUNTER = 6;
const SECOND = 5;
const MARKED = ISSUER + COUNTER + SECOND;
const MAC = 16;
const FORM = /^[A-Za-z0-9_-]{44}$/;

/** Bytes of an issuer's mark. */
export const ISSUER_BYTES = ISSUER;

export interface Nonce {
  /** Issuer and counter: no two nonces of one key have the same. */
  id: Buffer;
  counter: number;
  /** Since the epoch. */
  second: number;
}

/** base64url, as §6.5.1 has it. */
export function writeNonce(key: Uint8Array, issuer: Buffer, counter: number, second: number): string {
  const nonce = Buffer.allocUnsafe(MARKED + MAC);
  issuer.copy(nonce);
  nonce.writeUIntBE(counter, ISSUER, COUNTER);
  nonce.writeUIntBE(second, ISSUER + COUNTER, SECOND);
  mac(key, nonce.subarray(0, MARKED)).copy(nonce, MARKED, 0, MAC);
  return nonce.toString('base64url');
}

/** Null when it was not made with this key. */
export function readNonce(key: Uint8Array, text: string): Nonce | null {
  if (!FORM.test(text)) return null;
  const bytes = Buffer.from(text, 'base64url');
  const marked = bytes.subarray(0, MARKED);
  if (!timingSafeEqual(mac(key, marked).subarray(0, MAC), bytes.subarray(MARKED))) return null;
  return {
    id: bytes.subarray(0, ISSUER + COUNTER),
    counter: bytes.readUIntBE(ISSUER, COUNTER),
    second: bytes.readUIntBE(ISSUER + COUNTER, SECOND),
  };
}

function mac(key: Uint8Array, marked: Buffer): Buffer {
  return createHmac('sha256', key).update(marked).digest();
}
