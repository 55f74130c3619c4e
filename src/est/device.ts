import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { parseCertificate, subjectAltNames } from '../x509/certificate.js';
import { unlessMalformed } from '../x509/der-error.js';
import { attributeOf } from '../x509/name.js';
import { OID } from '../x509/oids.js';

/** Limit of intermediate certificates between the device's and a trusted one. */
const LONGEST = 4;

/**
 * The names of a device in its manufacturer's certificate: common name, serial number, DNS names. Null unless the peer
 * proved possession of the key in the handshake and the certificate chains to one that the operator trusts for this
 * (RFC 7030 §3.3.2). The listener itself trusts no such certificate, so it is valid for nothing else.
 */
export function deviceNames(
  request: FastifyRequest,
  trusted: readonly X509Certificate[],
  now: number,
): string[] | null {
  const { socket } = request.raw;
  if (trusted.length === 0 || !(socket instanceof TLSSocket) || socket.authorized) return null;
  const leaf = socket.getPeerX509Certificate();
  if (!leaf || !leadsTo(leaf, trusted, now)) return null;
  return unlessMalformed(() => {
    const parsed = parseCertificate(leaf.raw);
    const dns = subjectAltNames(parsed).flatMap((name) => (name.type === 'dns' ? [name.value] : []));
    const names = [parsed.commonName, attributeOf(parsed.subject, OID.serialNumber), ...dns];
    return names.flatMap((name) => (name ? [name.toLowerCase()] : []));
  });
}

/** Verifies the chain: signatures, validity and CA flags. Does not check revocation, which only the manufacturer could tell. */
function leadsTo(leaf: X509Certificate, trusted: readonly X509Certificate[], now: number): boolean {
  let current: X509Certificate | undefined = leaf;
  for (let length = 0; current && length <= LONGEST; length += 1) {
    const certificate: X509Certificate = current;
    if (!isInTime(certificate, now) || (length > 0 && !certificate.ca)) return false;
    for (const anchor of trusted) {
      if (isInTime(anchor, now) && signed(anchor, certificate)) return true;
    }
    const issuer: X509Certificate | undefined = certificate.issuerCertificate;
    current =
      issuer && !issuer.raw.equals(certificate.raw) && signed(issuer, certificate) ? issuer : undefined;
  }
  return false;
}

/** The issuer must be a CA (RFC 5280 §4.2.1.9); `checkIssued` compares names, key identifiers and key usage. */
function signed(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Manufacturers write 9999-12-31 for "no expiry" (IEEE 802.1AR §8.5); it needs no special case. */
function isInTime({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}

/** Whether one of the device's names is the node's common name, or its first label. */
export function isDevice(names: readonly string[], cn: string): boolean {
  const node = cn.toLowerCase();
  return names.some((name) => name === node || (!name.includes('.') && node.startsWith(`${name}.`)));
}
