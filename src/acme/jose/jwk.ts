import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Problem } from '../../model/problem.js';
import { hasPrivatePart } from '../../x509/spki.js';
import type { Algorithm } from './algorithms.js';
import { decodeBase64url } from './base64url.js';
import { isJsonObject, type Json, type JsonObject, withoutNulls } from './json.js';

/** A client's public key, checked and imported. */
export interface PublicKey {
  /** The members that RFC 7638 §3.2 hashes, in that order. */
  jwk: JsonWebKey;
  /** base64url SHA-256 (RFC 7638). */
  thumbprint: string;
  /** The only algorithm of this key. */
  algorithm: Algorithm;
  key: KeyObject;
}

/** RFC 7518 §6.2.1: curve, algorithm (§3.4) and length of a coordinate in bytes. */
const CURVES = new Map<Json | undefined, { name: string; algorithm: Algorithm; size: number }>([
  ['P-256', { name: 'P-256', algorithm: 'ES256', size: 32 }],
  ['P-384', { name: 'P-384', algorithm: 'ES384', size: 48 }],
  ['P-521', { name: 'P-521', algorithm: 'ES512', size: 66 }],
]);

/** RFC 7518 §3.3 sets the lower bound. With the upper bound, a verification takes less than a millisecond. */
const RSA_BITS = { min: 2048, max: 8192 };
/** FIPS 186-5 §A.1.1: 2^16 < e < 2^256, odd. */
const RSA_EXPONENT_BYTES = 32;

/**
 * Parses a JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2) with a public key; unknown and null members are ignored.
 * @throws Problem badPublicKey
 */
export function parseJwk(value: unknown): PublicKey {
  if (!isJsonObject(value)) throw bad('it is not a JSON object');
  // RFC 8555 §6.2 requires a public key. A client that sends a private key must be informed that it is compromised.
  const given = withoutNulls(value);
  if (hasPrivatePart(given)) throw bad('it holds a private or symmetric key; never use that key again');
  const { jwk, algorithm } = canonical(given);
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    throw bad('it is not a point on its curve');
  }
  const thumbprint = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
  return { jwk, algorithm, key, thumbprint };
}

function canonical(value: JsonObject): { jwk: JsonWebKey; algorithm: Algorithm } {
  switch (value.kty) {
    case 'EC': {
      const curve = CURVES.get(value.crv);
      if (!curve) throw bad('its curve is not P-256, P-384 or P-521');
      const { text: x } = member(value, 'x', curve.size);
      const { text: y } = member(value, 'y', curve.size);
      return { jwk: { crv: curve.name, kty: 'EC', x, y }, algorithm: curve.algorithm };
    }
    case 'OKP': {
      if (value.crv !== 'Ed25519') throw bad('its curve is not Ed25519');
      const { text: x } = member(value, 'x', 32);
      return { jwk: { crv: 'Ed25519', kty: 'OKP', x }, algorithm: 'EdDSA' };
    }
    case 'RSA': {
      const n = member(value, 'n');
      const e = member(value, 'e');
      checkRsa(n.bytes, e.bytes);
      return { jwk: { e: e.text, kty: 'RSA', n: n.text }, algorithm: 'RS256' };
    }
    default:
      throw bad('its type is not EC, RSA or OKP');
  }
}

function checkRsa(n: Buffer, e: Buffer): void {
  // RFC 7518 §6.3.1.1 and RFC 7518 §2 Base64urlUInt: no leading zero octets.
  if (!n[0] || !e[0]) throw bad('its modulus or exponent is empty or has leading zeros');
  const bits = n.length * 8 - (Math.clz32(n[0]) - 24);
  if (bits < RSA_BITS.min || bits > RSA_BITS.max) {
    throw bad(`it is RSA of ${bits} bits; ${RSA_BITS.min} to ${RSA_BITS.max} are accepted`);
  }
  if (((n.at(-1) ?? 0) & 1) === 0) throw bad('its modulus is even');
  if (e.length < 3 || e.length > RSA_EXPONENT_BYTES || ((e.at(-1) ?? 0) & 1) === 0) {
    throw bad('its exponent is not an odd number from 65537 to 2^256');
  }
}

function member(value: JsonObject, name: string, size?: number): { text: string; bytes: Buffer } {
  const text = value[name];
  const bytes = typeof text === 'string' ? decodeBase64url(text) : null;
  if (typeof text !== 'string' || !bytes) throw bad(`"${name}" is not base64url without padding`);
  if (size !== undefined && bytes.length !== size) throw bad(`"${name}" is not ${size} bytes`);
  return { text, bytes };
}

function bad(why: string): Problem {
  return new Problem('badPublicKey', `the key is not accepted: ${why}`);
}
