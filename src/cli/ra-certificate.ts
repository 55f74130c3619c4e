import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Settings } from '../config/index.js';
import { isHostName } from '../config/index.js';

/** Always in the RA's certificate, so that clients on the same machine need no name at all. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** A certificate is replaced when this part of its life is over, which leaves months to notice a failure. */
const RENEW_AFTER = 2 / 3;

/** The names the RA's certificate is to have, the Common Name first, each once. */
export function wantedNames(cn: string, sans: string[], hostname: string): string[] {
  const machine = isHostName(hostname) ? [hostname.toLowerCase()] : [];
  return [...new Set([cn, ...machine, ...sans, ...LOOPBACK])];
}

/** UPKI_RA_CN, else the machine's name, else localhost for machines whose name no URL can hold. */
export function commonName(settings: Pick<Settings, 'raCn'>, hostname: string): string {
  return settings.raCn ?? (isHostName(hostname) ? hostname.toLowerCase() : 'localhost');
}

/** DNS names and addresses of a certificate, addresses in their canonical text, all in lower case. */
export function certificateNames(certificate: X509Certificate): string[] {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .map((entry) => entry.replace(/^(DNS|IP Address):/, ''))
    .map((name) => (isIP(name) === 6 ? canonicalIPv6(name) : name.toLowerCase()));
}

function canonicalIPv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** Why the RA needs a new certificate, in words for the log, or null when the one it has is good. */
export function whyRenew(
  have: { certificate: string | null; key: string },
  wanted: string[],
  now: number,
): string | null {
  if (have.certificate === null) return 'there is none';
  const certificate = new X509Certificate(have.certificate);
  if (!certificate.checkPrivateKey(createPrivateKey(have.key))) return 'it is not of the key in ra.key';
  const names = new Set(certificateNames(certificate));
  const missing = wanted
    .map((name) => (isIP(name) === 6 ? canonicalIPv6(name) : name))
    .filter((name) => !names.has(name));
  if (missing.length > 0) return `it does not name ${missing.join(', ')}`;
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  return now > from + (to - from) * RENEW_AFTER ? `it ends on ${certificate.validTo}` : null;
}
