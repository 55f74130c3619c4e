import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { publicKeyDer } from '../../src/ca/folder/keys.js';
import { signerFor } from '../../src/x509/algorithms.js';
import { createCsr } from '../../src/x509/csr.js';
import { dn } from '../../src/x509/name.js';
import { toPem } from '../../src/x509/pem.js';

export const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** A PEM request for DNS names, or others by type; the first is the common name unless `cn` is given. */
export function requestPem(
  names: (string | { type: 'dns' | 'ip' | 'email' | 'uri'; value: string })[],
  { key = newKey(), cn }: { key?: KeyObject; cn?: string | null } = {},
): string {
  const sans = names.map((name) => (typeof name === 'string' ? { type: 'dns' as const, value: name } : name));
  const commonName = cn === undefined ? sans[0]?.value : cn;
  const csr = createCsr({
    subject: commonName ? dn(['CN', commonName]) : [],
    names: sans,
    spki: publicKeyDer(key),
    signer: signerFor(key),
  });
  return toPem('CERTIFICATE REQUEST', csr);
}

/** PKCS #8. */
export const keyPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
