import type { CertificateRecord } from '../../store/contract/ca.js';
import { type ParsedCertificate, subjectAltNames } from '../../x509/certificate.js';
import { formatDn } from '../../x509/name.js';

/** The names in a certificate, as records have them. */
export function identifiersOf(certificate: ParsedCertificate): CertificateRecord['identifiers'] {
  return subjectAltNames(certificate).flatMap((name) =>
    name.type === 'other' ? [] : [{ type: name.type, value: name.value }],
  );
}

/** A record of which only the rest is known: no names, not issued for an order, not revoked, the first issuer's. */
export const BLANK_RECORD = {
  dn: '',
  profile: 'unknown',
  identifiers: [],
  orderId: null,
  accountId: null,
  revokedAt: null,
  reason: null,
  deletedAt: null,
  issuer: '',
} satisfies Partial<CertificateRecord>;

/** A record made from a certificate, and from facts that it does not contain. @throws DerError */
export function recordOf(
  certificate: ParsedCertificate,
  facts: Pick<CertificateRecord, 'issuedAt'> & Partial<CertificateRecord>,
): CertificateRecord {
  const { serial, subject, commonName, der, notBefore, notAfter } = certificate;
  const identifiers = identifiersOf(certificate);
  const cn = commonName ?? identifiers[0]?.value ?? '';
  const own = { serial, cn, dn: formatDn(subject), identifiers, der, notBefore, notAfter };
  return { ...BLANK_RECORD, ...own, ...facts };
}

/** The record of a certificate that was issued here but lost. Its requester and its order are unknown. */
export function recordOfLost(certificate: ParsedCertificate, now: number): CertificateRecord {
  return recordOf(certificate, { issuedAt: now });
}

/** Whether a record has exactly the names of the certificate. */
export function isNamed(
  certificate: ParsedCertificate,
  identifiers: CertificateRecord['identifiers'],
): boolean {
  const key = ({ type, value }: { type: string; value: string }) => `${type}:${value}`;
  const named = identifiersOf(certificate).map(key).sort().join();
  return named === identifiers.map(key).sort().join();
}
