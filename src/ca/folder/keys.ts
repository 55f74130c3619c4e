import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { writeDurably } from '../../lib/files.js';
import { octetString, sequence } from '../../x509/der-writer.js';
import { toPem } from '../../x509/pem.js';
import { pbes2Later } from '../../x509/pkcs12.js';

/** The kind of key to make. */
export type KeySpec =
  | { type: 'ec'; curve: 'P-256' | 'P-384' | 'P-521' }
  | { type: 'rsa'; bits: 2048 | 3072 | 4096 }
  | { type: 'ed25519' };

/** RFC 5480: P-384 for the long-lived root, P-256 for the issuer, which signs often (2.5 times cheaper). */
export const DEFAULT_ROOT_KEY: KeySpec = { type: 'ec', curve: 'P-384' };
export const DEFAULT_ISSUER_KEY: KeySpec = { type: 'ec', curve: 'P-256' };
/** The key of root and issuer with key type RSA. */
export const RSA_KEY: KeySpec = { type: 'rsa', bits: 4096 };

const generate = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<{ privateKey: KeyObject }>;

/** A new private key, made off the event loop. */
export async function generateKey(spec: KeySpec): Promise<KeyObject> {
  const options =
    spec.type === 'ec' ? { namedCurve: spec.curve } : spec.type === 'rsa' ? { modulusLength: spec.bits } : {};
  return (await generate(spec.type, options)).privateKey;
}

/** DER SubjectPublicKeyInfo of a private key. */
export function publicKeyDer(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** PBKDF2 rounds that OWASP recommends for HMAC-SHA-256. A guess at a passphrase takes a third of a second. */
export const KEY_ROUNDS = 600_000;

/** PKCS #8 PEM; with a passphrase PBES2 (RFC 8018 §6.2) with PBKDF2-HMAC-SHA-256 and AES-256-CBC. */
export async function keyToPem(key: KeyObject, passphrase: string | null): Promise<string> {
  if (passphrase === null) return key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const plain = key.export({ type: 'pkcs8', format: 'der' });
  const { algorithm, cipherText } = await pbes2Later(plain, passphrase, randomBytes, KEY_ROUNDS);
  return toPem('ENCRYPTED PRIVATE KEY', sequence(algorithm, octetString(cipherText)));
}

/** The file has no key that this program can use, or the passphrase is missing or wrong. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';

  /** @param locked the key is encrypted, and the passphrase is missing or wrong */
  constructor(
    message: string,
    readonly locked = false,
  ) {
    super(message);
  }
}

/** Reads a private key from PEM: PKCS #8, PKCS #1 or SEC 1, encrypted or not. @throws KeyFileError, whose message has no key material */
export function keyFromPem(pem: string | Buffer, passphrase: string | null, name: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== null && { passphrase }) });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    // Without a terminal, OpenSSL cannot prompt for a passphrase.
    if (code === 'ERR_MISSING_PASSPHRASE' || code.endsWith('INTERRUPTED_OR_CANCELLED')) {
      throw new KeyFileError(`${name} is encrypted and no passphrase was given`, true);
    }
    if (/BAD_DECRYPT|BAD_PASSWORD_READ/.test(code)) {
      throw new KeyFileError(`${name} cannot be decrypted with the passphrase given`, true);
    }
    throw new KeyFileError(`${name} is not a PEM private key`);
  }
}

/** Writes a private key durably in one step, readable by its owner only. */
export async function saveKey(path: string, key: KeyObject, passphrase: string | null): Promise<void> {
  await writeDurably(path, await keyToPem(key, passphrase), 0o600);
}
