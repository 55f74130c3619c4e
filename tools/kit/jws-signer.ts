import {
  constants,
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto';

export type KeyType = 'ES256' | 'ES384' | 'ES512' | 'RS256' | 'EdDSA';

export interface SigningKey {
  alg: KeyType;
  privateKey: KeyObject;
  /** Public JWK with the members that RFC 7638 hashes, in its order. */
  jwk: JsonWebKey;
  /** base64url (RFC 7638). */
  thumbprint: string;
}

export interface FlattenedJws {
  protected: string;
  payload: string;
  signature: string;
}

const HASH: Record<KeyType, string | null> = {
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
  RS256: 'sha256',
  EdDSA: null,
};
const CURVE = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const;

export function generateSigningKey(alg: KeyType = 'ES256'): SigningKey {
  if (alg === 'RS256') return signingKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, alg);
  if (alg === 'EdDSA') return signingKey(generateKeyPairSync('ed25519').privateKey, alg);
  return signingKey(generateKeyPairSync('ec', { namedCurve: CURVE[alg] }).privateKey, alg);
}

export function signingKey(privateKey: KeyObject, alg: KeyType): SigningKey {
  const full = createPublicKey(privateKey).export({ format: 'jwk' });
  const { kty, crv, x, y, n, e } = full;
  const jwk: JsonWebKey =
    kty === 'RSA' ? ({ e, kty, n } as JsonWebKey) : ({ crv, kty, x, ...(y && { y }) } as JsonWebKey);
  const thumbprint = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
  return { alg, privateKey, jwk, thumbprint };
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** RFC 7515 §7.2.2 flattened serialisation. A string payload is used unchanged, so `''` is POST-as-GET. */
export function signJws(key: SigningKey, header: object, payload: unknown): FlattenedJws {
  const protectedHeader = encode(header);
  const body = encode(payload);
  const signature = sign(HASH[key.alg], Buffer.from(`${protectedHeader}.${body}`), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
    ...(key.alg === 'RS256' && { padding: constants.RSA_PKCS1_PADDING }),
  });
  return { protected: protectedHeader, payload: body, signature: signature.toString('base64url') };
}

/** RFC 8555 §7.3.4: binding of an account key to an external account; `macKey` is base64url. */
export function signBinding(
  binding: { kid: string; macKey: string; alg?: 'HS256' | 'HS384' | 'HS512' },
  url: string,
  jwk: JsonWebKey,
): FlattenedJws {
  const { kid, macKey, alg = 'HS256' } = binding;
  const protectedHeader = encode({ alg, kid, url });
  const payload = encode(jwk);
  const signature = createHmac(`sha${alg.slice(2)}`, Buffer.from(macKey, 'base64url'))
    .update(`${protectedHeader}.${payload}`)
    .digest('base64url');
  return { protected: protectedHeader, payload, signature };
}
