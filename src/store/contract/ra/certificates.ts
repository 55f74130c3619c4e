import type { Certificate } from '../../../model/facts.js';

/** RFC 8555 §7.4.2, §7.6. */
export interface Certificates {
  getCertificate(id: string): Promise<Certificate | null>;
  findCertificateBySerial(serial: string): Promise<Certificate | null>;
  findCertificateByAriId(ariId: string): Promise<Certificate | null>;
  /**
   * Repeating it keeps the first time and reason. Only the reason of a hold (RFC 5280 §5.3.1, code 6) is replaced, and any
   * by keyCompromise.
   */
  recordRevocation(serial: string, at: number, reason: number | null): Promise<void>;
  /** Takes the certificate off hold; no effect when it is not on hold. */
  clearRevocation(serial: string): Promise<void>;
}
