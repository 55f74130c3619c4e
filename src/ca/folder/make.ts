import { randomBytes } from 'node:crypto';
import { readIfThere, writeDurably } from '../../lib/files.js';
import { dn } from '../../x509/name.js';
import { toPem } from '../../x509/pem.js';
import { locationsUnder } from '../issue/factory.js';
import { InitError } from './init-error.js';
import {
  checkCaCertificate,
  createIntermediate,
  createRoot,
  freshFields,
  ISSUER_LIFE,
  ROOT_LIFE,
} from './issuer-certificates.js';
import { DEFAULT_ISSUER_KEY, DEFAULT_ROOT_KEY, type KeySpec, RSA_KEY } from './keys.js';
import { certificateIn, inFile } from './load.js';
import type { InitOptions } from './options.js';
import { caPaths } from './paths.js';
import { permitOnly } from './permit.js';
import { IN_FILES, makeSigningKey, openSigningKey, type SigningKey, saveSigningKey } from './signing-key.js';

/** Makes the root and its key, if there is no root. */
export async function ensureRoot(options: InitOptions): Promise<void> {
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

/** Makes the issuing certificate and its key under the root, if there is none. @throws InitError, KeyFileError */
export async function ensureIssuer(options: InitOptions): Promise<void> {
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

/** The key in the file, which is made if it is absent. After a crash the CA continues with the key it has made. */
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

/** Writes a file durably, if there is none. */
export async function ensureFile(
  path: string,
  content: () => string,
  mode: 0o600 | 0o644 = 0o600,
): Promise<void> {
  if ((await readIfThere(path)) === null) await writeDurably(path, content(), mode);
}

/** A common name of at most 64 characters (RFC 5280 ub-common-name). */
export function titled(company: string, title: string): string {
  return `${[...company].slice(0, 63 - title.length).join('')} ${title}`;
}
