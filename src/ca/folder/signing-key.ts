import { type KeyObject, randomBytes } from 'node:crypto';
import { writeDurably } from '../../lib/files.js';
import { laterSignerFor, type Signer } from '../../x509/algorithms.js';
import { TokenError } from '../token/protocol.js';
import { findTokenKey, makeTokenKey, tokenSigner } from '../token/tokens.js';
import { isTokenUri, keyUri, parseTokenUri, shownUri, TokenUriError } from '../token/uri.js';
import { generateKey, KeyFileError, type KeySpec, keyFromPem, publicKeyDer, saveKey } from './keys.js';

/** Where new keys are made: a `pkcs11:` URI of a token or of a key in it; null: in a file of the CA's folder. */
export interface KeyPlaces {
  root: string | null;
  issuer: string | null;
  ocsp: string | null;
}

export const IN_FILES: KeyPlaces = { root: null, issuer: null, ocsp: null };

/** The key of a root, an issuer or a responder: in a file, or in a token that the file names (RFC 7512). */
export interface SigningKey {
  /** DER SubjectPublicKeyInfo. */
  spki: Buffer;
  signer: Signer;
  /** The key; null when it is in a token. */
  inFile: KeyObject | null;
  /** The URI of the key; null when it is in a file. */
  uri: string | null;
}

export function keyInFile(key: KeyObject): SigningKey {
  return { spki: publicKeyDer(key), signer: laterSignerFor(key), inFile: key, uri: null };
}

const tokenKey = (uri: string, spki: Buffer): SigningKey => ({
  spki,
  signer: tokenSigner(uri, spki),
  inFile: null,
  uri,
});

/**
 * Opens the key of a key file, which has PEM or a `pkcs11:` URI.
 * @param expected its public key, if known: the key of an absent token can then be opened, and fails only
 * when it signs
 * @throws KeyFileError naming the file
 */
export async function openSigningKey(
  text: string,
  passphrase: string | null,
  name: string,
  expected: Buffer | null = null,
): Promise<SigningKey> {
  if (!isTokenUri(text)) return keyInFile(keyFromPem(text, passphrase, name));
  const [uri = ''] = text.trim().split(/\r?\n/);
  return inToken(name, async () => {
    const spki = await findTokenKey(uri).catch((error: unknown) => {
      if (expected !== null && error instanceof TokenError && error.trouble === 'absent') return expected;
      throw error;
    });
    if (spki !== null) return tokenKey(uri, spki);
    throw new KeyFileError(`${name} names a key that is not in the token: ${shownUri(uri)}`);
  });
}

/**
 * A new key in memory, or, with a URI, the key that it names. The token makes that key if it does not have
 * it.
 * @param label the key's label in the token, if the URI has none
 * @throws KeyFileError
 */
export async function makeSigningKey(
  spec: KeySpec,
  where: string | null,
  label: string,
): Promise<SigningKey> {
  if (where === null) return keyInFile(await generateKey(spec));
  return inToken(label, async () => {
    const { object, id } = parseTokenUri(where);
    const existing = object === null && id === null ? null : await findTokenKey(where);
    if (existing !== null) return tokenKey(where, existing);
    const made = {
      object: object ?? `${label} ${randomBytes(4).toString('hex')}`,
      id: id ?? randomBytes(8).toString('hex'),
    };
    return tokenKey(keyUri(where, made), await makeTokenKey(where, spec, made));
  });
}

async function inToken<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TokenError || error instanceof TokenUriError)
      throw new KeyFileError(`${name}: ${error.message}`);
    throw error;
  }
}

/** Writes the key, or its URI, durably in one step, readable by its owner only. */
export async function saveSigningKey(
  path: string,
  key: SigningKey,
  passphrase: string | null,
): Promise<void> {
  if (key.inFile !== null) return saveKey(path, key.inFile, passphrase);
  await writeDurably(path, `${key.uri}\n`, 0o600);
}
