import { type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { DerError } from './der-error.js';
import type { DerReader } from './der-reader.js';
import { nullValue, oid, sequence } from './der-writer.js';
import { OID } from './oids.js';
import { TAG } from './tags.js';

/** RFC 5280 §4.1.1.2: accepted signature algorithms. SHA-1 and MD5 are not accepted. */
const HASHES: Record<string, { hash: string | null; keyType: 'rsa' | 'ec' | 'ed25519' }> = {
  [OID.sha256WithRsa]: { hash: 'sha256', keyType: 'rsa' },
  [OID.sha384WithRsa]: { hash: 'sha384', keyType: 'rsa' },
  [OID.sha512WithRsa]: { hash: 'sha512', keyType: 'rsa' },
  [OID.ecdsaWithSha256]: { hash: 'sha256', keyType: 'ec' },
  [OID.ecdsaWithSha384]: { hash: 'sha384', keyType: 'ec' },
  [OID.ecdsaWithSha512]: { hash: 'sha512', keyType: 'ec' },
  [OID.ed25519]: { hash: null, keyType: 'ed25519' },
};

/** Signs with one private key. */
export interface Signer {
  algorithmOid: string;
  /** DER AlgorithmIdentifier. */
  algorithm: Buffer;
  /** DER signature (ECDSA as SEQUENCE of r, s). A key in a token, or a slow key, returns a promise. */
  sign(data: Uint8Array): Buffer | Promise<Buffer>;
}

/** A key held in this process; it signs synchronously. */
export interface KeySigner extends Signer {
  sign(data: Uint8Array): Buffer;
}

/** The signature algorithm that suits the key: SHA-256 for P-256 and RSA, SHA-384 for P-384, SHA-512 for P-521. */
export function signerFor(key: KeyObject): KeySigner {
  const { algorithmOid, algorithm, hash } = signatureOf(key);
  return { algorithmOid, algorithm, sign: (data) => sign(hash, data, key) };
}

/** Hashing more octets than this takes longer than handing them to another thread. */
const MOST_AT_ONCE = 128 * 1024;

/** Like `signerFor`, but does not block the event loop: slow algorithms, and long data, are signed in another thread. */
export function laterSignerFor(key: KeyObject): Signer {
  const { algorithmOid, algorithm, hash } = signatureOf(key);
  const isQuick = algorithmOid === OID.ecdsaWithSha256 || algorithmOid === OID.ed25519;
  return {
    algorithmOid,
    algorithm,
    sign: (data) =>
      isQuick && data.length <= MOST_AT_ONCE ? sign(hash, data, key) : signLater(hash, data, key),
  };
}

const signLater = promisify(sign);

/** The encoded AlgorithmIdentifier and the digest of a key, private or public. A null digest: the algorithm hashes itself. */
export function signatureOf(key: KeyObject): {
  algorithmOid: string;
  algorithm: Buffer;
  hash: string | null;
} {
  const algorithmOid = algorithmFor(key);
  const entry = HASHES[algorithmOid];
  if (!entry) throw new Error(`no signature algorithm ${algorithmOid}`);
  const { hash, keyType } = entry;
  // RSA has NULL parameters (RFC 4055 §5); the others have none (RFC 5758 §3.2, RFC 8410 §3).
  const algorithm =
    keyType === 'rsa' ? sequence(oid(algorithmOid), nullValue()) : sequence(oid(algorithmOid));
  return { algorithmOid, algorithm, hash };
}

function algorithmFor(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return OID.sha256WithRsa;
    case 'ed25519':
      return OID.ed25519;
    case 'ec':
      break;
    default:
      throw new DerError(`key: type ${key.asymmetricKeyType ?? 'secret'} cannot sign certificates`);
  }
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return OID.ecdsaWithSha256;
    case 'secp384r1':
      return OID.ecdsaWithSha384;
    case 'secp521r1':
      return OID.ecdsaWithSha512;
    default:
      throw new DerError(`key: curve ${key.asymmetricKeyDetails?.namedCurve} is not supported`);
  }
}

/** Reads a signature's AlgorithmIdentifier; its parameters must be absent or NULL. */
export function readSignatureAlgorithm(reader: DerReader, what: string): string {
  const algorithm = reader.sequence(what);
  const identifier = algorithm.oid(what);
  const parameters = algorithm.optional(TAG.null);
  if (parameters && parameters.content.length > 0)
    throw new DerError(`${what}: has parameters that are not NULL`);
  if (HASHES[identifier]) algorithm.end();
  return identifier;
}

/** Verifies a signature over `data`. False for an algorithm that is not accepted or does not fit the key. */
export function verifySignature(
  algorithmOid: string,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const entry = HASHES[algorithmOid];
  if (!entry || entry.keyType !== key.asymmetricKeyType) return false;
  try {
    return verify(entry.hash, data, key, signature);
  } catch {
    return false;
  }
}

/** Whether signatures of this algorithm are accepted. */
export const isAcceptedSignature = (algorithmOid: string): boolean => algorithmOid in HASHES;
