import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync, randomBytes } from 'node:crypto';
import { z85DecodeKey, z85Encode } from './z85.js';

/** A CURVE key pair, both halves in Z85. CURVE keys are X25519 keys (CurveZMQ, ZeroMQ RFC 26). */
export interface CurveKeyPair {
  publicKey: string;
  secretKey: string;
}

/** RFC 8410 §7: PKCS #8 of an X25519 private key is this and its 32 bytes. */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** RFC 8410 §4: SubjectPublicKeyInfo of an X25519 key is this and its 32 bytes. */
const SPKI_X25519 = Buffer.from('302a300506032b656e032100', 'hex');

/**
 * 22 base64 characters carry 128 bits. Whoever records a registration can try seeds against it offline, so a
 * seed people can guess must not become a key.
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

/** What two key pairs have in common (RFC 7748 §6.1). @throws RangeError for what is no key, Error for a weak one */
export function sharedSecret({ secretKey }: CurveKeyPair, publicKey: string): Buffer {
  const secret = z85DecodeKey(secretKey);
  const other = z85DecodeKey(publicKey);
  if (secret === null || other === null) throw new RangeError('not a CURVE key in Z85 (40 characters)');
  return diffieHellman({
    privateKey: privateKey(secret),
    publicKey: createPublicKey({ key: Buffer.concat([SPKI_X25519, other]), format: 'der', type: 'spki' }),
  });
}

/** The key pair of a stored secret in Z85. @throws RangeError when it is not one. */
export function curveKeyPairFromSecret(secretKey: string): CurveKeyPair {
  const secret = z85DecodeKey(secretKey);
  if (secret === null) throw new RangeError('not a CURVE secret key in Z85 (40 characters)');
  return curveKeyPair(secret);
}

/** A seed nobody can guess: 256 random bits. */
export const newRegistrationSeed = (): string => randomBytes(32).toString('base64url');

/**
 * Both ends of the registration socket, derived from the seed (HKDF-SHA256, RFC 5869): a CA proves that it knows the
 * seed by holding the server's secret, a registering RA by holding the client's. The seed itself never crosses.
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
