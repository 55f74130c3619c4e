import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { curveKeyPairFromSecret, newCurveKeyPair, newRegistrationSeed } from '../../channel/curve-keys.js';
import { readIfThere, setAside, writeDurably } from '../../lib/files.js';
import { LAST_SEEN } from '../../lib/last-seen.js';
import { parseCertificate } from '../../x509/certificate.js';
import { parseBasicConstraints } from '../../x509/extensions.js';
import { dn } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { toPem } from '../../x509/pem.js';
import { locationsUnder } from '../issue/factory.js';
import { isTokenUri, shownUri } from '../token/uri.js';
import type { MadeAnew } from './anew.js';
import { InitError } from './init-error.js';
import {
  checkCaCertificate,
  createIntermediate,
  createRoot,
  freshFields,
  ISSUER_LIFE,
  isSelfSigned,
  nameConstraintsOf,
  ROOT_LIFE,
} from './issuer-certificates.js';
import { DEFAULT_ISSUER_KEY, DEFAULT_ROOT_KEY, type KeySpec, RSA_KEY } from './keys.js';
import {
  type CaFiles,
  certificatesIn,
  inFile,
  loadCaFiles,
  only,
  readMarker,
  refuseWaiting,
} from './load.js';
import { markerOf, markerWasLost, saveMarker } from './marker.js';
import { missingFiles } from './needed.js';
import { caPaths } from './paths.js';
import { permitOnly } from './permit.js';
import {
  IN_FILES,
  type KeyPlaces,
  makeSigningKey,
  openSigningKey,
  type SigningKey,
  saveSigningKey,
} from './signing-key.js';
import { requireUsableFiles } from './usable.js';

export { InitError } from './init-error.js';
export { type CaFiles, loadCaFiles } from './load.js';
export { caPaths } from './paths.js';

export interface InitOptions {
  /** The CA's own folder. */
  dataDir: string;
  /** Organisation in the names of the CA certificates. */
  company: string;
  keyType: 'ec' | 'rsa';
  /** Encrypts keys at rest; null leaves them to the file system's care. */
  passphrase: string | null;
  /** An existing CA to import. */
  imported: {
    keyFile: string;
    certFile: string;
    passphrase: string | null;
    /**
     * The imported CA keeps issuing itself, without an issuing certificate of ours below it: one CRL for old
     * and new.
     */
    issuesItself?: boolean;
  } | null;
  /** Base of the plain-HTTP URLs where the root's CRL and certificate will be; null leaves them out. */
  publicUrl?: string | null;
  /** Where new keys are made; in files by default. */
  places?: KeyPlaces;
  /** The only names the issuer may certify (`permitOnly`); empty: every name. */
  permit?: readonly string[];
  /** True when the root is constrained to them too. */
  permitOnRoot?: boolean;
  /** Registration seed to use instead of a random one. */
  seed: string | null;
  clock: () => number;
  /** True when the CA's database shows that the folder was completed once, whatever it lacks now. */
  existed?: boolean;
  /** Parts of an existing CA to make again, on purpose. */
  anew?: readonly MadeAnew[];
  /** Called with a sentence for each repair. */
  warn?: (sentence: string) => void;
}

/**
 * Makes the folder a CA, or completes an interrupted run. Every file is written whole and synced before
 * anything that depends on it, and an existing file is never written again, so this may be interrupted
 * anywhere and repeated. In a CA that was completed once nothing is made again except what `anew` names: a
 * lost file is an error. The result has passed every check of a start.
 * @throws InitError, CaCertificateError, KeyFileError, each naming the file
 */
export async function initCaFiles(options: InitOptions): Promise<CaFiles> {
  const { dataDir, imported, anew = [], existed = false } = options;
  const paths = caPaths(dataDir);
  await requireUsableFiles(dataDir);
  const marker = await readMarker(paths.marker);
  const finished = marker !== null || existed;
  if (!finished) await refuseWaiting(dataDir);
  if (finished) {
    const missing = await missingFiles(dataDir, anew);
    if (missing.length > 0) throw new InitError(missing.join('\n'));
  }
  for (const folder of [dataDir, paths.profiles, paths.privateKeys]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  if (finished && (options.permit ?? []).length > 0) await tellOfLimits(options);
  if (imported !== null) await importCaFiles(options, imported);
  else if (!finished) await ensureRoot(options);
  if (!finished) await ensureIssuer(options);
  if (anew.includes('channel.key')) await setAside(paths.channelKey);
  if (anew.includes('seed')) await setAside(paths.seed);
  await ensure(paths.channelKey, () => `${newCurveKeyPair().secretKey}\n`);
  await ensure(paths.seed, () => `${options.seed ?? newRegistrationSeed()}\n`);
  if (anew.includes('database')) {
    for (const suffix of ['', '-wal', '-shm']) await setAside(`${paths.database}${suffix}`);
    await setAside(join(dataDir, LAST_SEEN));
  }
  if (marker !== null && anew.length > 0) {
    const channel = anew.includes('channel.key')
      ? curveKeyPairFromSecret((await readFile(paths.channelKey, 'utf8')).trim()).publicKey
      : marker.channel;
    await saveMarker(dataDir, {
      ...marker,
      channel,
      database: marker.database && !anew.includes('database'),
    });
  }
  const files = await loadCaFiles({ ...options, seed: null });
  if (files.marker !== null) return files;
  const made = markerOf(files, false);
  if (existed) options.warn?.(markerWasLost(paths.marker));
  await saveMarker(dataDir, made);
  return { ...files, marker: made };
}

/** Limits count when an issuer is made: of an existing CA nothing is changed in silence, and nothing left as it is in silence. */
async function tellOfLimits({ dataDir, permit = [], warn }: InitOptions): Promise<void> {
  const { issuer: path } = caPaths(dataDir);
  const pem = await readIfThere(path);
  if (pem === null) return;
  const has = nameConstraintsOf(parseCertificate(certificateIn(pem, path)));
  if (has && permitOnly(permit)?.equals(has)) return;
  warn?.(
    `UPKI_CA_PERMIT is ${permit.join(',')}, which the issuer this CA began with is not limited to: it counts when an issuer is made. ` +
      'The next one gets it with upki ca rollover issuer --permit',
  );
}

async function ensureRoot(options: InitOptions): Promise<void> {
  const { dataDir, passphrase, company, keyType, clock } = options;
  const paths = caPaths(dataDir);
  if ((await readIfThere(paths.root)) !== null) return;
  const { root: where } = options.places ?? IN_FILES;
  const spec = keyType === 'rsa' ? RSA_KEY : DEFAULT_ROOT_KEY;
  const key = await ensureKey(paths.rootKey, { spec, where, label: 'upki root' }, passphrase);
  const der = await createRoot(
    {
      ...freshFields(clock(), ROOT_LIFE, randomBytes),
      spki: key.spki,
      subject: dn(['O', company], ['CN', titled(company, 'Root CA')]),
      constraints: permitOnly(options.permitOnRoot ? (options.permit ?? []) : []) ?? undefined,
    },
    key.signer,
  );
  await writeDurably(paths.root, toPem('CERTIFICATE', der), 0o644);
}

async function ensureIssuer(options: InitOptions): Promise<void> {
  const { dataDir, passphrase, company, keyType, clock } = options;
  const paths = caPaths(dataDir);
  if ((await readIfThere(paths.issuer)) !== null) return;
  const rootPem = await readIfThere(paths.root);
  const rootKeyPem = await readIfThere(paths.rootKey);
  if (rootPem === null || rootKeyPem === null) {
    throw new InitError(`${paths.rootKey} and ${paths.root} are needed to make the issuing certificate`);
  }
  const root = certificateIn(rootPem, paths.root);
  const rootKey = await openSigningKey(rootKeyPem, passphrase, paths.rootKey);
  inFile(paths.root, () => checkCaCertificate(root, rootKey.spki, clock()));
  const { issuer: where } = options.places ?? IN_FILES;
  const spec = keyType === 'rsa' ? RSA_KEY : DEFAULT_ISSUER_KEY;
  const key = await ensureKey(paths.issuerKey, { spec, where, label: 'upki issuer' }, passphrase);
  if (key.spki.equals(rootKey.spki))
    throw new InitError('UPKI_CA_ROOT_KEY and UPKI_CA_ISSUER_KEY name one key: the issuer needs its own');
  const der = await createIntermediate(
    {
      ...freshFields(clock(), ISSUER_LIFE, randomBytes),
      spki: key.spki,
      subject: dn(['O', company], ['CN', titled(company, 'Issuing CA')]),
      locations: locationsUnder(root, options.publicUrl ?? null),
      constraints: permitOnly(options.permit ?? []) ?? undefined,
    },
    root,
    rootKey.signer,
  );
  await writeDurably(paths.issuer, toPem('CERTIFICATE', der), 0o644);
}

/**
 * Imports an existing CA. A root that may have a CA below it gets an issuing certificate of ours. A root that
 * may not, and a subordinate CA (whose root is in the same file), issue themselves.
 */
async function importCaFiles(
  options: InitOptions,
  imported: NonNullable<InitOptions['imported']>,
): Promise<void> {
  const { dataDir, passphrase, clock } = options;
  const paths = caPaths(dataDir);
  const certificates = certificatesIn(await readGiven(imported.certFile), imported.certFile);
  const own = only(certificates, imported.certFile).der;
  const above = certificates.slice(1).map(({ der }) => der);
  const text = isTokenUri(imported.keyFile) ? imported.keyFile : await readGiven(imported.keyFile);
  const key = await openSigningKey(text, imported.passphrase, shownUri(imported.keyFile));
  inFile(imported.certFile, () => checkCaCertificate(own, key.spki, clock()));
  const root = isSelfSigned(own) ? own : above.find(isSelfSigned);
  if (root === undefined) {
    throw new InitError(`${imported.certFile} holds no root: add the certificates up to the self-signed one`);
  }
  await refuseOther(paths.root, root);
  if (root === own && mayHaveCaBelow(own) && !imported.issuesItself) {
    await keep(paths.rootKey, key, passphrase);
  } else {
    await refuseOther(paths.issuer, own);
    await keep(paths.issuerKey, key, passphrase);
    const chain = [own, ...above.filter((each) => !isSelfSigned(each))];
    await ensure(paths.issuer, () => chain.map((each) => toPem('CERTIFICATE', each)).join(''), 0o644);
  }
  await ensure(paths.root, () => toPem('CERTIFICATE', root), 0o644);
}

/** @throws InitError naming the missing file */
async function readGiven(path: string): Promise<string> {
  const text = await readIfThere(path);
  if (text === null) throw new InitError(`${path} is to be imported, and there is no such file`);
  return text;
}

/** RFC 5280 §4.2.1.9 */
function mayHaveCaBelow(certificate: Buffer): boolean {
  const constraints = parseCertificate(certificate).extensions.get(OID.basicConstraints);
  return constraints !== undefined && parseBasicConstraints(constraints.value).pathLength !== 0;
}

async function refuseOther(path: string, certificate: Buffer): Promise<void> {
  const existing = await readIfThere(path);
  if (existing !== null && !certificateIn(existing, path).equals(certificate)) {
    throw new InitError(`this CA is initialised with another certificate (${path}); nothing was imported`);
  }
}

/** Stores an imported key, unless it is stored already. @throws InitError when another key is */
async function keep(path: string, key: SigningKey, passphrase: string | null): Promise<void> {
  const existing = await readIfThere(path);
  if (existing === null) await saveSigningKey(path, key, passphrase);
  else if (!(await openSigningKey(existing, passphrase, path)).spki.equals(key.spki)) {
    throw new InitError(`${path} holds another key; nothing was imported`);
  }
}

/**
 * The key in the file, made when absent: after a crash the half-finished CA continues with the key it made.
 */
async function ensureKey(
  path: string,
  { spec, where, label }: { spec: KeySpec; where: string | null; label: string },
  passphrase: string | null,
): Promise<SigningKey> {
  const existing = await readIfThere(path);
  if (existing !== null) return openSigningKey(existing, passphrase, path);
  const key = await makeSigningKey(spec, where, label);
  await saveSigningKey(path, key, passphrase);
  return key;
}

async function ensure(path: string, content: () => string, mode: 0o600 | 0o644 = 0o600): Promise<void> {
  if ((await readIfThere(path)) === null) await writeDurably(path, content(), mode);
}

/** DER of the first certificate in a PEM file. @throws CaCertificateError naming the file */
function certificateIn(pem: string, path: string): Buffer {
  return only(certificatesIn(pem, path), path).der;
}

/** A common name of at most 64 characters (RFC 5280 ub-common-name). */
export function titled(company: string, title: string): string {
  return `${[...company].slice(0, 63 - title.length).join('')} ${title}`;
}
