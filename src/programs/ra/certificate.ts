import { createPrivateKey, createPublicKey } from 'node:crypto';
import { isIP } from 'node:net';
import { isHostName, type Settings } from '../../config/index.js';
import { CaUnavailable } from '../../model/ca.js';
import type { Dialect } from '../../python/ca-dialect.js';
import { isPythonName } from '../../python/python-names.js';
import { signerFor } from '../../x509/algorithms.js';
import { parseCertificate, subjectAltNames } from '../../x509/certificate.js';
import { createCsr } from '../../x509/csr.js';
import { hostAddress } from '../../x509/ip-address.js';
import { dn } from '../../x509/name.js';
import { isPermitted, type NameConstraints } from '../../x509/name-constraints.js';
import { firstFromPem, toPem } from '../../x509/pem.js';

/** Names in every certificate of an RA, so that clients on the same machine need no other name. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** A certificate is renewed after this part of its lifetime, which leaves months to notice a failure. */
const RENEW_AFTER = 2 / 3;

/** UPKI_RA_CN, else the machine's name, else localhost when the machine's name is not a host name. */
export function commonName(settings: Pick<Settings, 'raCn'>, hostname: string): string {
  return settings.raCn ?? (isHostName(hostname) ? hostname.toLowerCase() : 'localhost');
}

/** The names for the RA's certificate without duplicates, the common name first; addresses in canonical text. */
export function wantedNames(cn: string, sans: string[], hostname: string): string[] {
  const machine = isHostName(hostname) ? [hostname.toLowerCase()] : [];
  const names = [cn, ...machine, ...sans, ...LOOPBACK];
  return [...new Set(names.map((name) => (isIP(name) ? hostAddress(name) : name)))];
}

/** The common name and the names that the operator chose: all but the machine's name and the loopback names. */
export function chosenNames([cn = '', ...others]: string[], hostname: string): string[] {
  return [cn, ...others.filter((name) => !LOOPBACK.includes(name) && name !== hostname.toLowerCase())];
}

/** DNS names and addresses of a PEM certificate, in its order. */
export function namesOfCertificate(certificate: string): string[] {
  const names = subjectAltNames(parseCertificate(firstFromPem('CERTIFICATE', certificate)));
  return names.flatMap((name) => (name.type === 'dns' || name.type === 'ip' ? [name.value] : []));
}

/**
 * Why the RA needs a new certificate, for the log; null when the current one is good. A surplus name is one that was removed from
 * the configuration.
 * @param asIssued the certificate was issued for this configuration: the CA added the surplus names, and would add them again
 */
export function whyRenew(
  have: { certificate: string; key: string },
  wanted: string[],
  now: number,
  asIssued = false,
): string | null {
  const { spki, notBefore, notAfter } = parseCertificate(firstFromPem('CERTIFICATE', have.certificate));
  // The CA's clock was ahead when it issued the certificate.
  if (notBefore > now) return `it is not valid before ${new Date(notBefore).toISOString()}`;
  if (!publicKeyOf(have.key).equals(spki)) return 'it is not of the key in ra.key';
  const names = namesOfCertificate(have.certificate);
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0) return `it does not name ${missing.join(', ')}`;
  const surplus = names.filter((name) => !wanted.includes(name));
  if (surplus.length > 0 && !asIssued) return `it still names ${surplus.join(', ')}`;
  const due = notBefore + (notAfter - notBefore) * RENEW_AFTER;
  return now > due ? `it ends on ${new Date(notAfter).toISOString()}` : null;
}

/** Why a PEM certificate is not valid now, as the end of a sentence; null when it is valid. */
export function validityTrouble(certificate: string, now: number): string | null {
  const { notBefore, notAfter } = parseCertificate(firstFromPem('CERTIFICATE', certificate));
  if (now > notAfter) return `ended on ${new Date(notAfter).toISOString()}`;
  if (now < notBefore) return `is not valid before ${new Date(notBefore).toISOString()}`;
  return null;
}

/** A certification request (PEM) for these names; the first is the Common Name. */
export function requestFor(names: string[], key: string): string {
  const [cn = ''] = names;
  const csr = createCsr({
    subject: dn(['CN', cn]),
    names: names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value })),
    spki: publicKeyOf(key),
    signer: signerFor(createPrivateKey(key)),
  });
  return toPem('CERTIFICATE REQUEST', csr);
}

function publicKeyOf(key: string): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** The names that the CA can certify; all of them while the dialect of the CA is unknown. */
export async function certifiableNames(
  names: string[],
  dialect: () => Promise<Dialect>,
  constraints: readonly NameConstraints[] = [],
): Promise<string[]> {
  const known = await dialect().catch((error) => {
    if (error instanceof CaUnavailable) return null;
    throw error;
  });
  if (known === 'python') return names.filter(isPythonName);
  return names.filter((value) => isPermitted({ type: isIP(value) ? 'ip' : 'dns', value }, constraints));
}
