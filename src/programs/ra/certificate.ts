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

/** Always in the RA's certificate, so that clients on the same machine need no name at all. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** A certificate is replaced when this part of its life is over, which leaves months to notice a failure. */
const RENEW_AFTER = 2 / 3;

/** UPKI_RA_CN, else the machine's name, else localhost for machines whose name no URL can hold. */
export function commonName(settings: Pick<Settings, 'raCn'>, hostname: string): string {
  return settings.raCn ?? (isHostName(hostname) ? hostname.toLowerCase() : 'localhost');
}

/**
 * The names wanted in the RA's certificate, the common name first, each once; addresses in canonical text.
 */
export function wantedNames(cn: string, sans: string[], hostname: string): string[] {
  const machine = isHostName(hostname) ? [hostname.toLowerCase()] : [];
  const names = [cn, ...machine, ...sans, ...LOOPBACK];
  return [...new Set(names.map((name) => (isIP(name) ? hostAddress(name) : name)))];
}

/** Those of them that no setting added: the common name, and names other than the machine's name and loopback addresses. */
export function chosenNames([cn = '', ...others]: string[], hostname: string): string[] {
  return [cn, ...others.filter((name) => !LOOPBACK.includes(name) && name !== hostname.toLowerCase())];
}

/** DNS names and addresses of a PEM certificate, in its order. */
export function namesOfCertificate(certificate: string): string[] {
  const names = subjectAltNames(parseCertificate(firstFromPem('CERTIFICATE', certificate)));
  return names.flatMap((name) => (name.type === 'dns' || name.type === 'ip' ? [name.value] : []));
}

/**
 * Why the RA needs a new certificate, for the log, or null when the current one is good. Names beyond those
 * wanted were removed from the configuration, unless the certificate is known to be `asIssued` for this
 * configuration: then the CA added them, and would again.
 */
export function whyRenew(
  have: { certificate: string; key: string },
  wanted: string[],
  now: number,
  asIssued = false,
): string | null {
  const { spki, notBefore, notAfter } = parseCertificate(firstFromPem('CERTIFICATE', have.certificate));
  // A clock was ahead when it was made.
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

/** Why a PEM certificate is not valid now, to follow its name; null when it is. */
export function validityTrouble(certificate: string, now: number): string | null {
  const { notBefore, notAfter } = parseCertificate(firstFromPem('CERTIFICATE', certificate));
  if (now > notAfter) return `ended on ${new Date(notAfter).toISOString()}`;
  if (now < notBefore) return `is not valid before ${new Date(notBefore).toISOString()}`;
  return null;
}

/** A PEM certification request for these names, the first as Common Name. */
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

/** The wanted names that the CA certifies; all of them while it is not known which CA it is. */
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
