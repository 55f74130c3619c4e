import { authorityKeyId, parseCertificate } from '../../x509/certificate.js';
import { firstFromPem } from '../../x509/pem.js';

/** The authority key identifier of a PEM chain's leaf, lower-case hex (RFC 5280 §4.2.1.1). */
export const issuerOf = (chain: string): string | null =>
  authorityKeyId(parseCertificate(firstFromPem('CERTIFICATE', chain)));
