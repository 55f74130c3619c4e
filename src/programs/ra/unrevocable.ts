import { HOUR } from '../../lib/time.js';
import { parseCertificate } from '../../x509/certificate.js';
import { OID } from '../../x509/oids.js';
import { firstFromPem } from '../../x509/pem.js';

/**
 * Checks one issued certificate an hour, and warns when it has neither a CRL nor an OCSP URL. Skips certificates whose profile has no
 * revocation (RFC 9608).
 * @returns a function to call with the PEM of each issued certificate
 */
export function watchRevocationUrls(
  warn: (sentence: string) => void,
  clock: () => number,
): (pem: string) => void {
  let lookedAt = Number.NEGATIVE_INFINITY;
  return (pem) => {
    const now = clock();
    if (now - lookedAt < HOUR) return;
    const { extensions } = parseCertificate(firstFromPem('CERTIFICATE', pem));
    if (extensions.has(OID.noRevAvail)) return;
    lookedAt = now;
    if (extensions.has(OID.cRLDistributionPoints) || extensions.has(OID.authorityInfoAccess)) return;
    warn(
      'the CA issues certificates that name neither CRL nor OCSP: nobody who meets one can ask whether it was revoked. Set UPKI_CA_PUBLIC_URL ' +
        'at the CA to where clients reach UPKI_RA_HTTP_PORT of this RA, or register this RA again',
    );
  };
}
