import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keyToPem } from '../ca/folder/keys.js';
import type { EnrolledAdministrator } from '../ca/local-access.js';
import { makePrivateFolder, writeDurably } from '../lib/files.js';
import { CannotStart } from '../programs/exit.js';
import { firstFromPem, fromPem, toPem } from '../x509/pem.js';
import { createPkcs12, type Pkcs12Protection } from '../x509/pkcs12.js';

interface AdminFiles {
  key: string;
  /** Leaf and issuing chain. */
  certificate: string;
  pkcs12: string;
  root: string;
}

/** Paths of an administrator's files. */
export function adminFiles(folder: string, name: string): AdminFiles {
  const at = (extension: string) => join(folder, `${fileName(name)}.${extension}`);
  return { key: at('key'), certificate: at('crt'), pkcs12: at('p12'), root: join(folder, 'upki-root.crt') };
}

/** Converts a common name to a safe file name. */
export function fileName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^\.+/, '_');
}

/**
 * Makes the folder. `hasKey`: the administrator already has a key, perhaps in this folder, and none is written.
 * @throws CannotStart when a file already exists
 */
export async function prepareFolder(
  { key, certificate, pkcs12 }: AdminFiles,
  hasKey: boolean,
): Promise<void> {
  await makePrivateFolder(dirname(key));
  for (const path of hasKey ? [certificate] : [key, certificate, pkcs12]) {
    if (existsSync(path))
      throw new CannotStart(`${path} already exists: move it away, or choose another folder with --out`);
  }
}

/**
 * Writes key and certificate as PEM and PKCS #12, readable by their owner only. Without a key, writes only the certificate.
 * `chain` and `root` are PEM.
 */
export async function writeAdminFiles(
  files: AdminFiles,
  { key, certificate }: EnrolledAdministrator,
  { chain, root }: { chain: string; root: string },
  { passphrase, protection }: { passphrase: string; protection: Pkcs12Protection },
): Promise<void> {
  await writeDurably(files.certificate, toPem('CERTIFICATE', certificate.der) + chain, 0o644);
  await writeDurably(files.root, root, 0o644);
  if (key === null) return;
  await writeDurably(files.key, await keyToPem(key, null), 0o600);
  const certificates = [certificate.der, ...fromPem('CERTIFICATE', chain), firstFromPem('CERTIFICATE', root)];
  const pfx = createPkcs12(
    { key, certificates, friendlyName: `${certificate.cn} (uPKI)` },
    { passphrase, protection },
  );
  await writeDurably(files.pkcs12, pfx, 0o600);
}
