import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { writeDurably } from '../../lib/files.js';

/** What kind of key to make. */
export type KeySpec =
  | { type: 'ec'; curve: 'P-256' | 'P-384' | 'P-521' }
  | { type: 'rsa'; bits: 2048 | 3072 | 4096 }
  | { type: 'ed25519' };

/** RFC 5480 P-384 for the root that lives long, P-256 for the issuer that signs often (2.5 times cheaper to sign). */
export const DEFAULT_ROOT_KEY: KeySpec = { type: 'ec', curve: 'P-384' };
export const DEFAULT_ISSUER_KEY: KeySpec = { type: 'ec', curve: 'P-256' };

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

/** PKCS #8 PEM; with a passphrase PBES2 with AES-256-CBC. */
export function keyToPem(key: KeyObject, passphrase: string | null): string {
  const base = { type: 'pkcs8', format: 'pem' } as const;
  const pem =
    passphrase === null ? key.export(base) : key.export({ ...base, cipher: 'aes-256-cbc', passphrase });
  return pem.toString();
}

/** The file is not a key this program can use, or its passphrase is missing or wrong. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** A private key from PEM: PKCS #8, PKCS #1 or SEC 1, encrypted or not. @throws KeyFileError, never with key material. */
export function keyFromPem(pem: string | Buffer, passphrase: string | null, name: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== null && { passphrase }) });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    // OpenSSL gives up on asking for a passphrase where there is nobody to ask.
    if (code === 'ERR_MISSING_PASSPHRASE' || code.endsWith('INTERRUPTED_OR_CANCELLED')) {
      throw new KeyFileError(`${name} is encrypted and no passphrase was given`);
    }
    if (/BAD_DECRYPT|BAD_PASSWORD_READ/.test(code)) {
      throw new KeyFileError(`${name} cannot be decrypted with the passphrase given`);
    }
    throw new KeyFileError(`${name} is not a PEM private key`);
  }
}

/** Reads a private key file. @throws KeyFileError, or the file system's error. */
export async function loadKey(path: string, passphrase: string | null): Promise<KeyObject> {
  return keyFromPem(await readFile(path), passphrase, path);
}

/** Writes a private key, readable by its owner only, whole or not at all. */
export async function saveKey(path: string, key: KeyObject, passphrase: string | null): Promise<void> {
  await writeDurably(path, keyToPem(key, passphrase), 0o600);
}
