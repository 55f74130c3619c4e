import { type KeyObject, randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isFile, readIfThere, syncFolder, writeDurably } from '../../lib/files.js';
import { DAY } from '../../lib/time.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CaStore } from '../../store/contract/ca.js';
import { formatDn } from '../../x509/name.js';
import { firstFromPem, toPem } from '../../x509/pem.js';
import type { Member } from '../authorities/member.js';
import { InitError } from '../folder/init-error.js';
import { CaCertificateError, checkCaCertificate } from '../folder/issuer-certificates.js';
import { keyFromPem, keyToPem, publicKeyDer } from '../folder/keys.js';
import { caPaths } from '../folder/paths.js';
import { CrlPublisher, type CrlPublisherOptions } from '../revoke/crl-publisher.js';

/** An offline root: its certificate and its encrypted key in one file. */
export interface RootInFile {
  /** DER. */
  certificate: Buffer;
  key: KeyObject;
}

interface ExportOptions {
  store: CaStore;
  root: Member;
  dataDir: string;
  /** The file to write. */
  out: string;
  passphrase: string;
  /** Called when the file is complete, before the key is removed. Rejects to leave the key where it is. */
  onWritten(): Promise<void>;
  /** Time until nextUpdate of the last CRL that is signed here, in ms. */
  crlValidity: number;
  by: Actor;
  clock: () => number;
  log: CrlPublisherOptions['log'];
}

/** Validity of the CRL that is used while the key is offline, in ms. */
export const EXPORTED_CRL_VALIDITY = 365 * DAY;

/**
 * Moves the key of a root from the CA's folder into an encrypted file, after signing a last CRL. The key is
 * removed only after the file was read back, so a crash before that leaves it in both places.
 * @throws InitError, CaCertificateError
 */
export async function exportRoot(options: ExportOptions): Promise<void> {
  const { store, root, dataDir, out, passphrase, onWritten, crlValidity, by, clock, log } = options;
  const { key, record } = root;
  if (root.tag === '')
    throw new CaCertificateError(
      'this root signs certificates itself: without its key nothing can be issued',
    );
  if (key === null) throw new CaCertificateError(`the key of the root ${root.id} is not at this CA`);
  if (key.inFile === null)
    throw new CaCertificateError('the key of the root is in a token, which cannot be made to give it out');
  if ((await readIfThere(out)) !== null)
    throw new InitError(`${out} already exists: move it away, or choose another file`);
  const publisher = new CrlPublisher({ store, issuer: root, validity: crlValidity, clock, log });
  await publisher.publish();
  await writeDurably(out, await rootFileText(root, passphrase), 0o600);
  const read = readRootFile((await readIfThere(out)) ?? '', passphrase, out);
  if (!read.key.equals(key.inFile))
    throw new InitError(`${out} could not be read back; the key stays where it is`);
  await onWritten();
  await store.changeAuthority(root.id, { keyRef: null, sealedKey: null }, by);
  for (const path of new Set([join(dataDir, record.keyRef ?? 'ca.key'), caPaths(dataDir).rootKey])) {
    if (await isFile(path)) await shred(path);
  }
}

/** Overwrites the octets of a file and removes it; copies of the file system or of a backup stay. */
async function shred(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    await file.writeFile(randomBytes(size));
    await file.sync();
  } finally {
    await file.close();
  }
  await rm(path);
  await syncFolder(dirname(path));
}

async function rootFileText({ der, certificate, key }: Member, passphrase: string): Promise<string> {
  if (key?.inFile == null) return '';
  const about = [
    `The root "${formatDn(certificate.subject)}" of a uPKI CA: its certificate, and its key encrypted with a passphrase.`,
    'Keep it offline, twice, and the passphrase apart from it. Sign with `upki ca root sign`.',
  ];
  return `${about.join('\n')}\n${toPem('CERTIFICATE', der)}${await keyToPem(key.inFile, passphrase)}`;
}

/** Reads the text of a root file. @throws CaCertificateError when it has no root with its key, KeyFileError for a wrong passphrase */
export function readRootFile(text: string, passphrase: string | null, name: string): RootInFile {
  const certificate = firstFromPem('CERTIFICATE', text);
  const block = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]+?-----END \1PRIVATE KEY-----/.exec(text)?.[0];
  if (block === undefined) throw new CaCertificateError(`${name} holds no private key (PEM)`);
  const key = keyFromPem(block, passphrase, name);
  checkCaCertificate(certificate, publicKeyDer(key), null);
  return { certificate, key };
}

/** Reads the root of a CA's folder, for a CA machine that is offline as a whole. @throws InitError, CaCertificateError, KeyFileError */
export async function readRootFolder(dataDir: string, passphrase: string | null): Promise<RootInFile> {
  const { root, rootKey } = caPaths(dataDir);
  const [certificate, key] = [await readIfThere(root), await readIfThere(rootKey)];
  if (certificate === null || key === null)
    throw new InitError(`${root} and ${rootKey} are needed to sign, and not both are there`);
  return readRootFile(certificate + key, passphrase, dataDir);
}
