import { join } from 'node:path';
import { namesIn, readIfThere, writeDurably } from '../../lib/files.js';
import { unlessMalformed } from '../../x509/der-error.js';
import { DerReader } from '../../x509/der-reader.js';
import { OID } from '../../x509/oids.js';
import { firstFromPem } from '../../x509/pem.js';
import { TAG } from '../../x509/tags.js';
import { caPaths } from './files.js';
import { KEY_ROUNDS, KeyFileError, keyFromPem, keyToPem } from './keys.js';

export interface RewrapOptions {
  dataDir: string;
  /** Null: no key can be decrypted, so none is encrypted again. */
  passphrase: string | null;
  log: Record<'info' | 'warn', (about: object, message: string) => void>;
}

/**
 * Encrypts the keys of the CA's roots, issuers and OCSP responders again if they were encrypted with fewer
 * rounds than KEY_ROUNDS. Each file is replaced in one durable step, so a crash leaves the old or the new key
 * whole. Failures (another passphrase, a read-only folder) are logged.
 */
export async function rewrapCaKeys({ dataDir, passphrase, log }: RewrapOptions): Promise<void> {
  const { rootKey, issuerKey, ocsp } = caPaths(dataDir);
  const issuers = join(dataDir, 'issuers');
  const later = (await namesIn(issuers)).filter((name) => /\.(key|pem)$/.test(name));
  const paths = [rootKey, issuerKey, ocsp, ...later.map((name) => join(issuers, name))];
  for (const path of paths) await rewrap(path, passphrase, log);
}

/**
 * Does the same for the keys made for nodes, one after another in the background, while `goesOn` returns
 * true. Resolves with true when all were examined.
 */
export async function rewrapNodeKeys(
  { dataDir, passphrase, log }: RewrapOptions,
  goesOn: () => boolean,
): Promise<boolean> {
  const { privateKeys } = caPaths(dataDir);
  for (const name of await namesIn(privateKeys)) {
    if (!goesOn()) return false;
    if (name.endsWith('.key')) await rewrap(join(privateKeys, name), passphrase, log);
  }
  return true;
}

async function rewrap(path: string, passphrase: string | null, log: RewrapOptions['log']): Promise<void> {
  if (passphrase === null) return;
  try {
    const pem = await readIfThere(path);
    if (pem === null || !isWeaklyWrapped(pem)) return;
    const wrapped = await keyToPem(keyFromPem(pem, passphrase, path), passphrase);
    // The OCSP responder's certificate is in the same file and stays.
    await writeDurably(path, pem.replace(PRIVATE_KEY, wrapped), 0o600);
    log.info({ path, rounds: KEY_ROUNDS }, 'a key was encrypted anew, with more rounds');
  } catch (error) {
    const expected = error instanceof KeyFileError || (error instanceof Error && 'code' in error);
    if (!expected) throw error;
    log.warn({ path, err: error }, 'a key stays encrypted with few rounds: it could not be encrypted anew');
  }
}

const PRIVATE_KEY =
  /-----BEGIN (?:ENCRYPTED |RSA |EC )?PRIVATE KEY-----[\s\S]*?-----END (?:ENCRYPTED |RSA |EC )?PRIVATE KEY-----\n?/;

/**
 * Whether a key file is encrypted with less than `KEY_ROUNDS` of PBKDF2: a file of an older version,
 * OpenSSL's default of 2,048 rounds, or the PEM encryption of RFC 1421, which has one round of MD5. scrypt
 * (RFC 7914) counts as strong. False for a key that is not encrypted: only the file system protects it.
 */
export function isWeaklyWrapped(pem: string): boolean {
  if (/^Proc-Type: *4, *ENCRYPTED/m.test(pem)) return true;
  const rounds = unlessMalformed(() => roundsOf(firstFromPem('ENCRYPTED PRIVATE KEY', pem)));
  return rounds !== null && rounds < KEY_ROUNDS;
}

/** Rounds of an EncryptedPrivateKeyInfo (RFC 5958 §3); 0 for a scheme before PBES2. */
function roundsOf(der: Uint8Array): number {
  const info = new DerReader(der, 'encrypted key').sequence('encrypted key');
  const algorithm = info.sequence('algorithm');
  if (algorithm.oid('scheme') !== OID.pbes2) return 0;
  const derivation = algorithm.sequence('PBES2 parameters').sequence('key derivation');
  const function_ = derivation.oid('key derivation function');
  if (function_ === OID.scrypt) return Number.POSITIVE_INFINITY;
  if (function_ !== OID.pbkdf2) return 0;
  const parameters = derivation.sequence('PBKDF2 parameters');
  parameters.expect(TAG.octetString, 'salt');
  const rounds = parameters.smallInteger('rounds');
  if (parameters.peek() === TAG.integer) parameters.next();
  // Without one, the function is HMAC-SHA-1 (RFC 8018 appendix A.2).
  const strong = !parameters.done && parameters.sequence('function').oid('function') !== OID.hmacWithSha1;
  return strong ? rounds : 0;
}
