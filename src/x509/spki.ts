import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { DerError } from './der-error.js';
import { DerReader } from './der-reader.js';
import { ed25519Weakness } from './ed25519-weakness.js';
import { OID } from './oids.js';
import { roca, smallFactor, withinFermatReach } from './rsa-weakness.js';
import { TAG } from './tags.js';

/** RFC 5280 §4.1.2.7: a public key that was parsed and accepted. */
export interface PublicKeyInfo {
  type: 'rsa' | 'ec' | 'ed25519';
  /** Modulus bits for RSA, field bits for EC, 256 for Ed25519. */
  bits: number;
  /** JWK curve name for EC keys. */
  curve: 'P-256' | 'P-384' | 'P-521' | null;
  /** DER SubjectPublicKeyInfo. */
  spki: Buffer;
  key: KeyObject;
}

/** Kinds of keys, by their names in profiles. */
export const KEY_TYPES = ['P-256', 'P-384', 'P-521', 'Ed25519', 'RSA'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

export function keyTypeOf({ type, curve }: Pick<PublicKeyInfo, 'type' | 'curve'>): KeyType {
  if (curve !== null) return curve;
  return type === 'rsa' ? 'RSA' : 'Ed25519';
}

/** The key is malformed, of an unsupported kind, or weak. The message says which. */
export class KeyError extends DerError {}

/** RFC 8555 §6.2. The limit of 8192 bits bounds the cost of a verification. */
const RSA_MIN_BITS = 2048;
const RSA_MAX_BITS = 8192;

interface Curve {
  name: 'P-256' | 'P-384' | 'P-521';
  bits: number;
  /** Length of a coordinate in octets. */
  octets: number;
}

const CURVES: Record<string, Curve> = {
  [OID.prime256v1]: { name: 'P-256', bits: 256, octets: 32 },
  [OID.secp384r1]: { name: 'P-384', bits: 384, octets: 48 },
  [OID.secp521r1]: { name: 'P-521', bits: 521, octets: 66 },
};

/** The keys `parsePublicKey` accepts, for documentation and APIs. */
export const ACCEPTED_KEYS: { type: string; minBits?: number; maxBits?: number; curves?: string[] }[] = [
  { type: 'ec', curves: Object.values(CURVES).map(({ name }) => name) },
  { type: 'ed25519' },
  { type: 'rsa', minBits: RSA_MIN_BITS, maxBits: RSA_MAX_BITS },
];

/**
 * Reads a DER SubjectPublicKeyInfo and refuses keys that must not be used for a certificate or an account: unknown
 * types and curves, points not on their curve, RSA keys outside 2048–8192 bits, bad exponents and weak moduli.
 * @throws KeyError
 */
export function parsePublicKey(spki: Uint8Array): PublicKeyInfo {
  const what = 'public key';
  const outer = new DerReader(spki, what);
  const reader = outer.sequence(what);
  outer.end();
  const algorithm = reader.sequence(what);
  const identifier = algorithm.oid(what);
  const bits = reader.octetAlignedBits(what);
  reader.end();
  const der = Buffer.from(spki);
  if (identifier === OID.ecPublicKey) {
    const curve = CURVES[algorithm.oid('public key curve')];
    algorithm.end();
    if (!curve) throw new KeyError('public key: its curve is none of P-256, P-384, P-521');
    // RFC 5480 §2.2 allows compressed points, but the Baseline Requirements and many peers refuse them.
    if (bits[0] !== 4) throw new KeyError('public key: its point is not in uncompressed form');
    return { type: 'ec', bits: curve.bits, curve: curve.name, spki: der, key: loadPoint(curve, bits) };
  }
  if (identifier === OID.ed25519) {
    algorithm.end();
    if (bits.length !== 32) throw new KeyError('public key: an Ed25519 key has 32 octets');
    const weakness = ed25519Weakness(bits);
    if (weakness !== null) throw new KeyError(`public key: ${weakness}`);
    return { type: 'ed25519', bits: 256, curve: null, spki: der, key: loadDer(der) };
  }
  if (identifier === OID.rsaEncryption) {
    const parameters = algorithm.expect(TAG.null, 'RSA parameters');
    if (parameters.content.length > 0) throw new KeyError('public key: its RSA parameters are not NULL');
    algorithm.end();
    const rsa = new DerReader(bits, 'RSA public key');
    const numbers = rsa.sequence('RSA public key');
    rsa.end();
    const modulus = numbers.unsignedHex('RSA modulus');
    const exponent = numbers.unsignedHex('RSA exponent');
    numbers.end();
    return { type: 'rsa', bits: checkRsa(modulus, exponent), curve: null, spki: der, key: loadDer(der) };
  }
  throw new KeyError('public key: its type is none of RSA, EC, Ed25519');
}

/** RFC 7518 §6.2.2, §6.3.2, §6.4.1: the members of private and symmetric keys. A factor of an RSA modulus is enough to compute the rest. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/** Whether a JWK (RFC 7517) contains a part of a private or symmetric key. */
export function hasPrivatePart(jwk: { readonly [member: string]: unknown }): boolean {
  return PRIVATE_MEMBERS.some((member) => jwk[member] !== undefined);
}

/** Reads a public JWK (RFC 7517) under the same rules; refuses private members. @throws KeyError */
export function parsePublicJwk(jwk: JsonWebKey): PublicKeyInfo {
  if (hasPrivatePart(jwk)) throw new KeyError('JWK: holds a private or secret key');
  let spki: Buffer;
  try {
    spki = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' });
  } catch {
    throw new KeyError('JWK: is not a valid public key of its type and curve');
  }
  return parsePublicKey(spki);
}

/** Whether a public JWK (unpadded base64url, no leading zeros) is this key. Compares the members that RFC 7638 §3.2 hashes. */
export function isJwkOf({ key }: PublicKeyInfo, jwk: JsonWebKey): boolean {
  const own = key.export({ format: 'jwk' });
  return (['kty', 'crv', 'x', 'y', 'n', 'e'] as const).every((member) => jwk[member] === own[member]);
}

/**
 * OpenSSL checks that the point is on its curve and not at infinity. Loading the coordinates takes little more than half
 * the time of loading the same key from DER.
 */
function loadPoint({ name: crv, octets }: Curve, point: Buffer): KeyObject {
  if (point.length !== 1 + 2 * octets) throw new KeyError(`public key: its point is not one of ${crv}`);
  const x = point.toString('base64url', 1, 1 + octets);
  const y = point.toString('base64url', 1 + octets);
  return load({ key: { kty: 'EC', crv, x, y }, format: 'jwk' });
}

function loadDer(spki: Buffer): KeyObject {
  return load({ key: spki, format: 'der', type: 'spki' });
}

function load(input: Parameters<typeof createPublicKey>[0]): KeyObject {
  try {
    return createPublicKey(input);
  } catch {
    throw new KeyError('public key: is not a valid key of its type (is the point on the curve?)');
  }
}

/** Checks an RSA modulus and exponent, both in hex, and returns the bits of the modulus. */
function checkRsa(modulusHex: string, exponentHex: string): number {
  const modulus = BigInt(`0x${modulusHex}`);
  const exponent = BigInt(`0x${exponentHex}`);
  const bits = modulus.toString(2).length;
  if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS) {
    throw new KeyError(`RSA public key: has ${bits} bits; ${RSA_MIN_BITS} to ${RSA_MAX_BITS} are accepted`);
  }
  if (bits % 8 !== 0) throw new KeyError(`RSA public key: has ${bits} bits, not a multiple of 8`);
  // NIST SP 800-89 §5.3.3: an odd exponent of at least 2^16 + 1. Below 2^256, to bound the cost of verifying.
  if (exponent % 2n === 0n || exponent < 65537n || exponent >= 1n << 256n) {
    throw new KeyError('RSA public key: its exponent must be odd, at least 65537 and below 2^256');
  }
  const factor = smallFactor(modulus);
  if (factor !== null) throw new KeyError(`RSA public key: its modulus is divisible by ${factor}`);
  if (roca(modulus)) throw new KeyError('RSA public key: has the ROCA weakness (CVE-2017-15361)');
  if (withinFermatReach(modulus)) throw new KeyError('RSA public key: its primes are too close together');
  return bits;
}

/** base64url SHA-256 of the DER SubjectPublicKeyInfo, for comparing keys and for block lists. */
export function spkiFingerprint(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('base64url');
}

/** RFC 5280 §4.2.1.2 method (1) with SHA-256 truncated to 160 bits (RFC 7093 §2 method 1). */
export function keyIdentifier(spki: Uint8Array): Buffer {
  return createHash('sha256').update(publicKeyBits(spki)).digest().subarray(0, 20);
}

/** The bits of the subjectPublicKey field: the input of key identifiers and of OCSP's key hashes. @throws DerError */
export function publicKeyBits(spki: Uint8Array): Buffer {
  const outer = new DerReader(spki, 'public key');
  const reader = outer.sequence('public key');
  reader.sequence('public key');
  return reader.octetAlignedBits('public key');
}
