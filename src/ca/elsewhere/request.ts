import { rm } from 'node:fs/promises';
import { makePrivateFolder, readIfThere, writeDurably } from '../../lib/files.js';
import { createCsrLater } from '../../x509/csr.js';
import { namedBits } from '../../x509/der-writer.js';
import { encodeExtension, KEY_USAGE } from '../../x509/extensions.js';
import type { DistinguishedName } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { toPem } from '../../x509/pem.js';
import { InitError } from '../folder/init-error.js';
import type { KeySpec } from '../folder/keys.js';
import { caPaths } from '../folder/paths.js';
import { makeSigningKey, openSigningKey, type SigningKey, saveSigningKey } from '../folder/signing-key.js';
import { caConstraints } from '../issue/factory.js';

/** A request for an issuer's certificate, while its root is elsewhere: the key stays here, the request goes there. */

interface RequestOptions {
  dataDir: string;
  /** Encrypts the key at rest. */
  passphrase: string | null;
  key: KeySpec;
  /** Makes it where keys of issuers are made; in a file when left out. */
  where?: string | null;
  subject: DistinguishedName;
  /** DER of extensions to ask for, beside those of every issuer. */
  extensions?: readonly Uint8Array[];
  /** DER of the root's last CRL: whoever signs offline knows by it what is revoked, and numbers the next. */
  rootCrl?: Uint8Array | null;
}

/** The request that waits for its certificate, PEM; null: there is none. */
export function pendingRequest(dataDir: string): Promise<string | null> {
  return readIfThere(caPaths(dataDir).request);
}

/**
 * The request for the next issuer, PEM: the one that waits already, else one with a key made now. The file may hold the root's CRL
 * too.
 * @throws KeyFileError, InitError
 */
export async function ensureRequest(options: RequestOptions): Promise<string> {
  const { dataDir, passphrase, key: spec, where = null, subject, extensions = [], rootCrl = null } = options;
  const { request: path, requestKey: keyPath, issuers } = caPaths(dataDir);
  const pending = await readIfThere(path);
  if (pending !== null) return pending;
  await makePrivateFolder(issuers);
  // Always another: one that lies there without its request may be in use since.
  const key = await makeSigningKey(spec, where, 'upki issuer');
  await saveSigningKey(keyPath, key, passphrase);
  const csr = await createCsrLater({
    subject,
    names: [],
    spki: key.spki,
    signer: key.signer,
    extensions: [
      encodeExtension(OID.basicConstraints, caConstraints(0), true),
      encodeExtension(OID.keyUsage, CA_USAGE, true),
      ...extensions,
    ],
  });
  const text = toPem('CERTIFICATE REQUEST', csr) + (rootCrl === null ? '' : toPem('X509 CRL', rootCrl));
  await writeDurably(path, text, 0o644);
  return text;
}

/** RFC 5280 §4.2.1.3: a CA signs certificates and CRLs, and nothing else. */
const CA_USAGE = namedBits([KEY_USAGE.indexOf('keyCertSign'), KEY_USAGE.indexOf('cRLSign')]);

/** The key of the request that waits. @throws InitError when there is none, KeyFileError */
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

/** The request was answered: it waits no more. */
export async function dropRequest(dataDir: string): Promise<void> {
  const { request, requestKey: path } = caPaths(dataDir);
  await rm(request, { force: true });
  await rm(path, { force: true });
}
