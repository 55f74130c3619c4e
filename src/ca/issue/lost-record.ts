import type { CertificateRecord } from '../../store/contract/ca.js';
import { type ParsedCertificate, subjectAltNames } from '../../x509/certificate.js';
import { formatDn } from '../../x509/name.js';

/** The names in a certificate, as its record has them. */
function identifiersOf(certificate: ParsedCertificate): CertificateRecord['identifiers'] {
  return subjectAltNames(certificate).flatMap((name) =>
    name.type === 'other' ? [] : [{ type: name.type, value: name.value }],
  );
}

/** A record rebuilt from the certificate itself; who requested it and for which order is lost. */
export function recordOfLost(certificate: ParsedCertificate, now: number): CertificateRecord {
  const { serial, subject, commonName, der, notBefore, notAfter } = certificate;
  const identifiers = identifiersOf(certificate);
  return {
    serial,
    cn: commonName ?? identifiers[0]?.value ?? '',
    dn: formatDn(subject),
    issuer: '',
    profile: 'unknown',
    identifiers,
    der,
    notBefore,
    notAfter,
    orderId: null,
    accountId: null,
    issuedAt: now,
    revokedAt: null,
    reason: null,
    deletedAt: null,
  };
}

/** Whether the names a record says are those in the certificate. */
export function isNamed(
  certificate: ParsedCertificate,
  identifiers: CertificateRecord['identifiers'],
): boolean {
  const key = ({ type, value }: { type: string; value: string }) => `${type}:${value}`;
  const named = identifiersOf(certificate).map(key).sort().join();
  return named === identifiers.map(key).sort().join();
}
