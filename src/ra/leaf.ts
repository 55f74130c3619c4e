import { ariCertificateId } from '../x509/ari.js';
import { authorityKeyId, certificateFingerprint, parseCertificate } from '../x509/certificate.js';
import { firstFromPem } from '../x509/pem.js';

/** The fields of a new certificate that the RA stores. */
interface Leaf {
  serial: string;
  notBefore: number;
  notAfter: number;
  fingerprint: string;
  /** RFC 9773 §4.1 */
  ariId: string;
}

/** Reads the first certificate of a PEM chain. @throws DerError when the CA sent something else. */
export function parseLeaf(chain: string): Leaf {
  const der = firstFromPem('CERTIFICATE', chain);
  const certificate = parseCertificate(der);
  return {
    serial: certificate.serial,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    fingerprint: certificateFingerprint(der),
    ariId: ariCertificateId(authorityKeyId(certificate) ?? '', certificate.serial),
  };
}
