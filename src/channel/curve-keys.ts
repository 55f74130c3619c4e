import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync, randomBytes } from 'node:crypto';
import { letterFirst } from '../lib/letter-first.js';
import { z85DecodeKey, z85Encode } from './z85.js';

/** A CURVE key pair, both halves in Z85. CURVE keys are X25519 keys (CurveZMQ, ZeroMQ RFC 26). */
export interface CurveKeyPair {
  publicKey: string;
  secretKey: string;
}

/** RFC 8410 §7: what precedes the 32 bytes of an X25519 private key in PKCS #8. */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** RFC 8410 §4: what precedes the 32 bytes of an X25519 key in its SubjectPublicKeyInfo. */
const SPKI_X25519 = Buffer.from('302a300506032b656e032100', 'hex');

/**
 * 22 base64 characters carry 128 bits. Anyone who records a registration can try seeds against it offline, so the
 * seed must not be guessable.
 */
export const MIN_SEED_LENGTH = 22;

function privateKey(secret: Uint8Array) {
  return createPrivateKey({ key: Buffer.concat([PKCS8_X25519, secret]), format: 'der', type: 'pkcs8' });
}

/** The key pair of a 32-byte X25519 secret. */
function curveKeyPair(secret: Uint8Array): CurveKeyPair {
  const spki = createPublicKey(privateKey(secret)).export({ format: 'der', type: 'spki' });
  return { publicKey: z85Encode(spki.subarray(-32)), secretKey: z85Encode(secret) };
}

/** A new random key pair. */
export function newCurveKeyPair(random: (size: number) => Uint8Array = randomBytes): CurveKeyPair {
  return curveKeyPair(random(32));
}

/** The X25519 shared secret of two key pairs (RFC 7748 §6.1). @throws RangeError for an invalid key, Error for a weak one */
export function sharedSecret({ secretKey }: CurveKeyPair, publicKey: string): Buffer {
  const secret = z85DecodeKey(secretKey);
  const other = z85DecodeKey(publicKey);
  if (secret === null || other === null) throw new RangeError('not a CURVE key in Z85 (40 characters)');
  return diffieHellman({
    privateKey: privateKey(secret),
    publicKey: createPublicKey({ key: Buffer.concat([SPKI_X25519, other]), format: 'der', type: 'spki' }),
  });
}

/** The key pair of a stored secret key in Z85. @throws RangeError when the text is not a key */
export function curveKeyPairFromSecret(secretKey: string): CurveKeyPair {
  const secret = z85DecodeKey(secretKey);
  if (secret === null) throw new RangeError('not a CURVE secret key in Z85 (40 characters)');
  return curveKeyPair(secret);
}

/** A registration seed of 255 random bits, in base64url. */
export const newRegistrationSeed = (): string => letterFirst(randomBytes(32)).toString('base64url');

/**
 * The keys of both ends of the registration socket, derived from the seed (HKDF-SHA256, RFC 5869). The CA proves that it
 * knows the seed by the server's secret key, a registering RA by the client's. The seed itself is never sent.
 * @throws RangeError when the seed is shorter than {@link MIN_SEED_LENGTH} characters.
 */
export function registrationKeys(seed: string): { server: CurveKeyPair; client: CurveKeyPair } {
  if (seed.length < MIN_SEED_LENGTH) {
    throw new RangeError(
      `the registration seed has ${seed.length} characters; curve mode needs at least ${MIN_SEED_LENGTH} random ones (128 bits)`,
    );
  }
  const derive = (end: string) =>
    curveKeyPair(new Uint8Array(hkdfSync('sha256', seed, 'upki-registration-v1', end, 32)));
  return { server: derive('server'), client: derive('client') };
}
