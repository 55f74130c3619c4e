import { readIfThere } from '../../lib/files.js';
import { parseCertificate } from '../../x509/certificate.js';
import { parseBasicConstraints, readExtension } from '../../x509/extensions.js';
import { OID } from '../../x509/oids.js';
import { toPem } from '../../x509/pem.js';
import { isTokenUri, shownUri } from '../token/uri.js';
import { InitError } from './init-error.js';
import { checkCaCertificate, isSelfSigned } from './issuer-certificates.js';
import { certificateIn, certificatesIn, inFile, only } from './load.js';
import { ensureFile } from './make.js';
import type { InitOptions } from './options.js';
import { caPaths } from './paths.js';
import { openSigningKey, type SigningKey, saveSigningKey } from './signing-key.js';

/**
 * Imports an existing CA. A root that may have a CA below it gets a new issuing certificate. A root that may
 * not, and a subordinate CA (whose root is in the same file), continue to issue themselves.
 */
export async function importCaFiles(
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
    await ensureFile(paths.issuer, () => chain.map((each) => toPem('CERTIFICATE', each)).join(''), 0o644);
  }
  await ensureFile(paths.root, () => toPem('CERTIFICATE', root), 0o644);
}

/** @throws InitError naming the missing file */
async function readGiven(path: string): Promise<string> {
  const text = await readIfThere(path);
  if (text === null) throw new InitError(`${path} is to be imported, and there is no such file`);
  return text;
}

/** Whether the path length allows a CA below (RFC 5280 §4.2.1.9). */
function mayHaveCaBelow(der: Buffer): boolean {
  const certificate = parseCertificate(der);
  const constraints = readExtension(certificate, OID.basicConstraints, parseBasicConstraints);
  return constraints !== null && constraints.pathLength !== 0;
}

async function refuseOther(path: string, certificate: Buffer): Promise<void> {
  const existing = await readIfThere(path);
  if (existing !== null && !certificateIn(existing, path).equals(certificate)) {
    throw new InitError(`this CA is initialised with another certificate (${path}); nothing was imported`);
  }
}

/** Stores an imported key, unless it is stored already. @throws InitError when the file has another key */
async function keep(path: string, key: SigningKey, passphrase: string | null): Promise<void> {
  const existing = await readIfThere(path);
  if (existing === null) await saveSigningKey(path, key, passphrase);
  else if (!(await openSigningKey(existing, passphrase, path)).spki.equals(key.spki)) {
    throw new InitError(`${path} holds another key; nothing was imported`);
  }
}
