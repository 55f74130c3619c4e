import { type CurveKeyPair, curveKeyPairFromSecret } from '../../channel/curve-keys.js';
import { readIfThere } from '../../lib/files.js';
import { isVerifiedBy, type ParsedCertificate, parseCertificate } from '../../x509/certificate.js';
import { DerError } from '../../x509/der-error.js';
import { fingerprintOf, shortFingerprint } from '../../x509/fingerprint.js';
import { fromPem } from '../../x509/pem.js';
import { type FolderMarker, parseFolderMarker } from './identity.js';
import { InitError } from './init-error.js';
import { CaCertificateError, checkCaCertificate } from './issuer-certificates.js';
import { KeyFileError } from './keys.js';
import { mendModes } from './modes.js';
import { meaningOf, missingFiles } from './needed.js';
import { type CaPaths, caPaths } from './paths.js';
import { openSigningKey, type SigningKey } from './signing-key.js';
import { requireUsableFiles } from './usable.js';

/** The files of an initialised CA. Only certificates and the public half of `channel` cross the network. */
export interface CaFiles {
  /** DER. */
  root: Buffer;
  /** DER of the issuing certificate: under the root, or the root itself. */
  issuer: Buffer;
  /** PEM, the issuer first, without the root; empty when the root issues. */
  chain: string;
  issuerKey: SigningKey;
  /** The root's key is in the folder too. */
  hasRootKey: boolean;
  channel: CurveKeyPair;
  seed: string;
  profiles: string;
  /** Folder of keys made for nodes. */
  privateKeys: string;
  database: string;
  /** PEM file of the OCSP responder's key and certificate. */
  ocsp: string;
  /** Null: an older version made the folder, or the initialisation was not finished. */
  marker: FolderMarker | null;
}

interface LoadOptions {
  /** The CA's own folder. */
  dataDir: string;
  /** Opens keys that are encrypted at rest. */
  passphrase: string | null;
  /** Overrides the seed in the folder. */
  seed: string | null;
  /** Called with a sentence for each repair. */
  warn?: (sentence: string) => void;
}

/**
 * Reads an initialised CA and checks that its files belong together: the chain leads to the root, each key
 * matches its certificate, and all of them match the marker. Makes keys and seeds readable by their owner and
 * group only.
 * @throws InitError, CaCertificateError, KeyFileError, each naming the file
 */
export async function loadCaFiles(options: LoadOptions): Promise<CaFiles> {
  const { dataDir, passphrase } = options;
  const paths = caPaths(dataDir);
  await requireUsableFiles(dataDir);
  const marker = await readMarker(paths.marker);
  const [root, issuer, issuerKey, channel, seed] = await Promise.all([
    readIfThere(paths.root),
    readIfThere(paths.issuer),
    readIfThere(paths.issuerKey),
    readIfThere(paths.channelKey),
    readIfThere(paths.seed),
  ]);
  if (root === null && issuer === null && issuerKey === null && marker === null) {
    await refuseWaiting(dataDir);
    throw new InitError(`${dataDir} is not an initialised CA: run \`upki ca init\``);
  }
  if (root === null || issuer === null || issuerKey === null || channel === null || seed === null) {
    throw new InitError((await missingFiles(dataDir)).join('\n'));
  }
  await mendModes(dataDir, options.warn);
  const rootDer = await wholly('root', dataDir, () => certificateIn(root, paths.root));
  const chain = await wholly('issuer', dataDir, () => certificatesIn(issuer, paths.issuer));
  const own = await wholly('issuer', dataDir, () => only(chain.slice(0, 1), paths.issuer));
  requireKnown(rootDer, marker === null ? null : [marker.root], paths.root, paths.marker);
  requireKnown(own.der, marker?.issuers ?? null, paths.issuer, paths.marker);
  const key = await wholly('issuerKey', dataDir, () =>
    openSigningKey(issuerKey, passphrase, paths.issuerKey, own.spki),
  );
  if (!own.spki.equals(key.spki)) {
    throw new InitError(
      `${paths.issuerKey} is not the key of the issuing certificate ${paths.issuer}: one of the two is another CA's, or was replaced. ` +
        'Restore both from the backup.',
    );
  }
  inFile(paths.issuer, () => checkCaCertificate(own.der, key.spki, null));
  requireChain(chain, rootDer, paths);
  await checkRootKey(rootDer, passphrase, paths);
  const keys = channelKeys(channel, dataDir);
  if (marker !== null && marker.channel !== keys.publicKey) {
    throw new InitError(
      `${paths.channelKey} is another key than the one registered RAs know this CA by. Restore it from the backup; ` +
        `or keep it, after which every RA must be registered again: \`upki ca init -d ${dataDir} --anew channel.key\`.`,
    );
  }
  const ownSeed = options.seed ?? seed.trim();
  if (ownSeed === '') throw new InitError(`${paths.seed} is empty: ${meaningOf('seed', dataDir)}`);
  return {
    root: rootDer,
    issuer: own.der,
    chain: own.der.equals(rootDer) ? '' : issuer,
    issuerKey: key,
    hasRootKey: (await readIfThere(paths.rootKey)) !== null,
    channel: keys,
    seed: ownSeed,
    profiles: paths.profiles,
    privateKeys: paths.privateKeys,
    database: paths.database,
    ocsp: paths.ocsp,
    marker,
  };
}

/** @throws InitError when the folder holds a CA */
export async function refuseKnownCa(dataDir: string): Promise<void> {
  const paths = caPaths(dataDir);
  for (const part of ['marker', 'root', 'issuer', 'issuerKey', 'rootKey'] as const) {
    if ((await readIfThere(paths[part])) === null) continue;
    throw new InitError(
      `${dataDir} holds a CA already (${paths[part]}): its next issuer is asked for with \`upki ca rollover issuer\`; a new CA needs ` +
        'a folder of its own',
    );
  }
}

/** @throws InitError when the first issuer's certificate was requested and is not installed yet */
export async function refuseWaiting(dataDir: string): Promise<void> {
  const { root, request } = caPaths(dataDir);
  if ((await readIfThere(root)) !== null || (await readIfThere(request)) === null) return;
  throw new InitError(
    `this CA waits for its issuing certificate: have ${request} signed by the root, then run \`upki ca install FILE -d ${dataDir}\` ` +
      'with the certificate and its chain',
  );
}

/** Null when the folder has none. @throws InitError naming the file when it is damaged */
export async function readMarker(path: string): Promise<FolderMarker | null> {
  const text = await readIfThere(path);
  return text === null ? null : parseFolderMarker(text, path);
}

/** Reads a file that every CA needs. @throws CaCertificateError, KeyFileError with the purpose of a damaged file and the remedy */
async function wholly<T>(part: keyof CaPaths, dataDir: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const isDamaged = error instanceof CaCertificateError || (error instanceof KeyFileError && !error.locked);
    if (isDamaged) error.message += `; ${meaningOf(part, dataDir)}`;
    throw error;
  }
}

function requireKnown(der: Buffer, known: readonly string[] | null, path: string, marker: string): void {
  const found = fingerprintOf(der);
  if (known === null || known.includes(found)) return;
  const expected = known.map(shortFingerprint).join(' or ');
  throw new InitError(
    `${path} is the certificate of another CA: its SHA-256 is ${shortFingerprint(found)}, this CA's is ${expected} (${marker}). ` +
      'Put back the one that belongs here, from the backup; a new CA needs a folder of its own.',
  );
}

/** Checks that the chain and the root are each signed by the next. @throws InitError */
function requireChain(chain: ParsedCertificate[], root: Buffer, paths: CaPaths): void {
  const above = [...chain.slice(1), parseCertificate(root)];
  for (const [index, certificate] of chain.entries()) {
    const issuer = above[index];
    if (issuer === undefined || certificate.der.equals(root)) continue;
    if (isVerifiedBy(certificate.der, issuer.der)) continue;
    throw new InitError(
      `${paths.issuer} does not lead to the root in ${paths.root}: they belong to different CAs, or one was replaced. ` +
        'Restore both from the backup.',
    );
  }
}

/** The root's key may be absent, or have another passphrase, but its file must not hold another key. @throws InitError */
async function checkRootKey(root: Buffer, passphrase: string | null, paths: CaPaths): Promise<void> {
  const pem = await readIfThere(paths.rootKey);
  if (pem === null) return;
  try {
    const { spki } = parseCertificate(root);
    const key = await openSigningKey(pem, passphrase, paths.rootKey, spki);
    if (key.spki.equals(spki)) return;
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error;
    if (error.locked) return;
    throw new InitError(`${error.message}: it is the key of the root. ${WITHOUT_ROOT_KEY}`);
  }
  throw new InitError(
    `${paths.rootKey} is not the key of the root certificate ${paths.root}. ${WITHOUT_ROOT_KEY}`,
  );
}

const WITHOUT_ROOT_KEY =
  'Restore the right one from the backup, or move it away: the CA serves without it, and needs it for its next issuer.';

function channelKeys(text: string, dataDir: string): CurveKeyPair {
  const path = caPaths(dataDir).channelKey;
  try {
    return curveKeyPairFromSecret(text.trim());
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InitError(
      `${path} is damaged (it must hold a CURVE secret key in Z85, 40 characters): ${meaningOf('channelKey', dataDir)}`,
    );
  }
}

/** The certificates of a PEM file, in their order. @throws CaCertificateError naming the file */
export function certificatesIn(pem: string, path: string): ParsedCertificate[] {
  return inFile(path, () => fromPem('CERTIFICATE', pem).map((der) => parseCertificate(der)));
}

/** @throws CaCertificateError when there is none */
export function only([first]: ParsedCertificate[], path: string): ParsedCertificate {
  if (first === undefined) throw new CaCertificateError(`${path} holds no certificate (PEM)`);
  return first;
}

/** DER of the first certificate in a PEM file. @throws CaCertificateError naming the file */
function _certificateIn(pem: string, path: string): Buffer {
  return only(certificatesIn(pem, path), path).der;
}

/** DER of the first certificate in a PEM file. @throws CaCertificateError naming the file */
export function certificateIn(pem: string, path: string): Buffer {
  return only(certificatesIn(pem, path), path).der;
}

/** Adds the file's name to errors about its content. */
export function inFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError)
      throw new CaCertificateError(`${path} is damaged: ${error.message}`, { cause: error });
    if (error instanceof CaCertificateError)
      throw new CaCertificateError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}
