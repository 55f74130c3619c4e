import { rm } from 'node:fs/promises';
import { makePrivateFolder, readIfThere, writeDurably } from '../../lib/files.js';
import { createCsrLater } from '../../x509/csr.js';
import { encodeExtension } from '../../x509/extensions.js';
import type { DistinguishedName } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { toPem } from '../../x509/pem.js';
import { InitError } from '../folder/init-error.js';
import { CA_KEY_USAGE } from '../folder/issuer-certificates.js';
import type { KeySpec } from '../folder/keys.js';
import { caPaths } from '../folder/paths.js';
import { makeSigningKey, openSigningKey, type SigningKey, saveSigningKey } from '../folder/signing-key.js';
import { caConstraints } from '../issue/factory.js';

/** A request for an issuer's certificate that an offline root signs. The key stays here; only the request leaves. */

interface RequestOptions {
  dataDir: string;
  /** Encrypts the key at rest. */
  passphrase: string | null;
  key: KeySpec;
  /** URI of the token that makes the key; null or undefined: it is made in a file. */
  where?: string | null;
  subject: DistinguishedName;
  /** DER of extensions to request besides those of every issuer. */
  extensions?: readonly Uint8Array[];
  /** DER of the root's last CRL: the offline signer reads revocations and the CRL number from it. */
  rootCrl?: Uint8Array | null;
}

/** PEM of the pending request; null when there is none. */
export function pendingRequest(dataDir: string): Promise<string | null> {
  return readIfThere(caPaths(dataDir).request);
}

/**
 * PEM of the request for the next issuer: the pending one, else a new one with a new key. The text also has
 * the root's CRL, if one is given.
 * @throws KeyFileError, InitError
 */
export async function ensureRequest(options: RequestOptions): Promise<string> {
  const { dataDir, passphrase, key: spec, where = null, subject, extensions = [], rootCrl = null } = options;
  const { request: path, requestKey: keyPath, issuers } = caPaths(dataDir);
  const pending = await readIfThere(path);
  if (pending !== null) return pending;
  await makePrivateFolder(issuers);
  // The key is always new: a key file without its request may belong to an issuer in use.
  const key = await makeSigningKey(spec, where, 'upki issuer');
  await saveSigningKey(keyPath, key, passphrase);
  const csr = await createCsrLater({
    subject,
    names: [],
    spki: key.spki,
    signer: key.signer,
    extensions: [encodeExtension(OID.basicConstraints, caConstraints(0), true), CA_KEY_USAGE, ...extensions],
  });
  const text = toPem('CERTIFICATE REQUEST', csr) + (rootCrl === null ? '' : toPem('X509 CRL', rootCrl));
  await writeDurably(path, text, 0o644);
  return text;
}

/** The key of the pending request. @throws InitError when there is none, KeyFileError */
export async function requestKey(dataDir: string, passphrase: string | null): Promise<SigningKey> {
  const { request, requestKey: path } = caPaths(dataDir);
  const pem = await readIfThere(path);
  if (pem === null || (await readIfThere(request)) === null) {
    throw new InitError(
      `no request waits for a certificate in ${dataDir}: make one with \`upki ca init --request FILE\`, or for a CA that exists ` +
        'with `upki ca rollover issuer`',
    );
  }
  return openSigningKey(pem, passphrase, path);
}

/** Removes the pending request and its key file. */
export async function dropRequest(dataDir: string): Promise<void> {
  const { request, requestKey: path } = caPaths(dataDir);
  await rm(request, { force: true });
  await rm(path, { force: true });
}
