import { type KeyObject, randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CurveKeyPair, curveKeyPairFromSecret, newCurveKeyPair } from '../../channel/curve-keys.js';
import { readIfThere, writeDurably } from '../../lib/files.js';
import { parseCertificate } from '../../x509/certificate.js';
import { parseBasicConstraints } from '../../x509/extensions.js';
import { dn } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { fromPem, toPem } from '../../x509/pem.js';
import { BACKDATE, newSerial } from '../issue/factory.js';
import {
  AuthorityError,
  checkAuthority,
  createIntermediate,
  createRoot,
  isSelfSigned,
} from './issuer-certificates.js';
import {
  DEFAULT_ISSUER_KEY,
  DEFAULT_ROOT_KEY,
  generateKey,
  type KeySpec,
  keyFromPem,
  publicKeyDer,
  saveKey,
} from './keys.js';

export interface InitOptions {
  /** The CA's own folder. */
  dataDir: string;
  /** Organisation in the names of the CA certificates. */
  company: string;
  keyType: 'ec' | 'rsa';
  /** Encrypts keys at rest; null leaves them to the file system's care. */
  passphrase: string | null;
  /** An existing CA to take over. */
  imported: {
    keyFile: string;
    certFile: string;
    passphrase: string | null;
    /** The CA goes on issuing by itself, without an issuing certificate of ours below it: one CRL for old and new. */
    issuesItself?: boolean;
  } | null;
  /** Base of the plain-HTTP URLs where the root's CRL and certificate will be; null leaves them out. */
  publicUrl?: string | null;
  /** Registration seed to use instead of a random one. */
  seed: string | null;
  clock: () => number;
}

/** What an initialised CA has; nothing here is on the wire but certificates and the public half of `channel`. */
export interface CaFiles {
  /** DER. */
  root: Buffer;
  /** DER of the issuing certificate: under the root, or the root itself. */
  issuer: Buffer;
  /** PEM, issuer first, root left out: empty when the root issues. */
  chain: string;
  issuerKey: KeyObject;
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
}

/** The folder cannot become, or is not, a CA; the message says what to do. */
export class InitError extends Error {
  override readonly name = 'InitError';
}

const DAY = 86_400_000;
/** As the profile `ca`; the issuer lives half as long, so that its successor overlaps. */
const ROOT_DAYS = 3650;
const ISSUER_DAYS = 1825;
const SEED_BYTES = 32;

const RSA: KeySpec = { type: 'rsa', bits: 4096 };

export function caPaths(dataDir: string) {
  const at = (name: string) => join(dataDir, name);
  return {
    rootKey: at('ca.key'),
    root: at('ca.crt'),
    issuerKey: at('issuer.key'),
    issuer: at('issuer.crt'),
    channelKey: at('channel.key'),
    seed: at('seed'),
    config: at('ca.config.yml'),
    profiles: at('profiles'),
    privateKeys: at('private'),
    database: at('ca.db'),
    ocsp: at('ocsp.pem'),
  };
}

/**
 * Makes the folder a CA, or completes one: every file is written whole and synced before what depends on it, and none
 * that exists is ever written again, so this may be interrupted anywhere and run any number of times.
 * @throws InitError, AuthorityError, KeyFileError
 */
export async function initAuthority(options: InitOptions): Promise<void> {
  const paths = caPaths(options.dataDir);
  for (const folder of [options.dataDir, paths.profiles, paths.privateKeys]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  if (options.imported !== null) await importAuthority(options, options.imported);
  else await ensureRoot(options);
  await ensureIssuer(options);
  await ensure(paths.channelKey, () => `${newCurveKeyPair().secretKey}\n`);
  await ensure(paths.seed, () => `${options.seed ?? randomBytes(SEED_BYTES).toString('base64url')}\n`);
}

/** Reads an initialised CA. `seed` overrides the one on disk. @throws InitError when it is not one. */
export async function loadAuthority(
  options: Pick<InitOptions, 'dataDir' | 'passphrase' | 'seed'>,
): Promise<CaFiles> {
  const { dataDir, passphrase } = options;
  const paths = caPaths(dataDir);
  const [root, issuer, issuerKey, channel, seed] = await Promise.all(
    [paths.root, paths.issuer, paths.issuerKey, paths.channelKey, paths.seed].map(readIfThere),
  );
  if (!root || !issuer || !issuerKey || !channel || !seed) {
    throw new InitError(`${dataDir} is not an initialised CA: run \`upki ca init\``);
  }
  const key = keyFromPem(issuerKey, passphrase, paths.issuerKey);
  const rootDer = certificateIn(root, paths.root);
  const issuerDer = certificateIn(issuer, paths.issuer);
  checkAuthority(issuerDer, key, null);
  return {
    root: rootDer,
    issuer: issuerDer,
    chain: issuerDer.equals(rootDer) ? '' : issuer,
    issuerKey: key,
    hasRootKey: (await readIfThere(paths.rootKey)) !== null,
    channel: curveKeyPairFromSecret(channel.trim()),
    seed: options.seed ?? seed.trim(),
    profiles: paths.profiles,
    privateKeys: paths.privateKeys,
    database: paths.database,
    ocsp: paths.ocsp,
  };
}

async function ensureRoot(options: InitOptions): Promise<void> {
  const { dataDir, passphrase, company, keyType, clock } = options;
  const paths = caPaths(dataDir);
  if ((await readIfThere(paths.root)) !== null) return;
  const key = await ensureKey(paths.rootKey, keyType === 'rsa' ? RSA : DEFAULT_ROOT_KEY, passphrase);
  const now = clock();
  const der = createRoot(
    {
      subject: dn(['O', company], ['CN', titled(company, 'Root CA')]),
      serial: newSerial(randomBytes),
      notBefore: now - BACKDATE,
      notAfter: now + ROOT_DAYS * DAY,
    },
    key,
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
  const rootKey = keyFromPem(rootKeyPem, passphrase, paths.rootKey);
  checkAuthority(root, rootKey, clock());
  const key = await ensureKey(paths.issuerKey, keyType === 'rsa' ? RSA : DEFAULT_ISSUER_KEY, passphrase);
  const now = clock();
  const der = createIntermediate(
    {
      subject: dn(['O', company], ['CN', titled(company, 'Issuing CA')]),
      serial: newSerial(randomBytes),
      notBefore: now - BACKDATE,
      notAfter: now + ISSUER_DAYS * DAY,
      spki: publicKeyDer(key),
      publicUrl: options.publicUrl ?? null,
    },
    root,
    rootKey,
  );
  await writeDurably(paths.issuer, toPem('CERTIFICATE', der), 0o644);
}

/**
 * Takes over an existing CA. A root that may have a CA below it gets an issuing certificate of ours; one that may not,
 * and a subordinate CA (whose root stands in the same file), issue themselves.
 */
async function importAuthority(
  options: InitOptions,
  imported: NonNullable<InitOptions['imported']>,
): Promise<void> {
  const { dataDir, passphrase, clock } = options;
  const paths = caPaths(dataDir);
  const certificates = fromPem('CERTIFICATE', await readFile(imported.certFile, 'utf8'));
  const [own, ...above] = certificates;
  if (own === undefined) throw new InitError(`${imported.certFile} holds no certificate (PEM)`);
  const key = keyFromPem(await readFile(imported.keyFile), imported.passphrase, imported.keyFile);
  checkAuthority(own, key, clock());
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

/** Keeps an imported key, unless it is kept already. @throws InitError when another is. */
async function keep(path: string, key: KeyObject, passphrase: string | null): Promise<void> {
  const existing = await readIfThere(path);
  if (existing === null) await saveKey(path, key, passphrase);
  else if (!publicKeyDer(keyFromPem(existing, passphrase, path)).equals(publicKeyDer(key))) {
    throw new InitError(`${path} holds another key; nothing was imported`);
  }
}

/** The key in the file, made when there is none: after a crash the half-finished CA goes on with the key it made. */
async function ensureKey(path: string, spec: KeySpec, passphrase: string | null): Promise<KeyObject> {
  const existing = await readIfThere(path);
  if (existing !== null) return keyFromPem(existing, passphrase, path);
  const key = await generateKey(spec);
  await saveKey(path, key, passphrase);
  return key;
}

async function ensure(path: string, content: () => string, mode: 0o600 | 0o644 = 0o600): Promise<void> {
  if ((await readIfThere(path)) === null) await writeDurably(path, content(), mode);
}

function certificateIn(pem: string, path: string): Buffer {
  const [der] = fromPem('CERTIFICATE', pem);
  if (der === undefined) throw new AuthorityError(`${path} holds no certificate (PEM)`);
  return der;
}

/** RFC 5280 ub-common-name: 64 characters. */
function titled(company: string, title: string): string {
  return `${[...company].slice(0, 63 - title.length).join('')} ${title}`;
}
