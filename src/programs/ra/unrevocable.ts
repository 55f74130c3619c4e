import { HOUR } from '../../lib/time.js';
import { parseCertificate } from '../../x509/certificate.js';
import { OID } from '../../x509/oids.js';
import { firstFromPem } from '../../x509/pem.js';

/**
 * Looks at one certificate an hour and warns when it says nowhere how to ask whether it was revoked. One that ends within hours and
 * has no revocation by its profile (RFC 9608) is passed over.
 * @returns takes the PEM of each certificate issued
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
