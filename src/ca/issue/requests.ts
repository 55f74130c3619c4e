import { ErrorCode, TaskError } from '../../channel/errors.js';
import { type ParsedCertificate, parseCertificate } from '../../x509/certificate.js';
import { type CertificationRequest, parseCsr } from '../../x509/csr.js';
import { DerError } from '../../x509/der-error.js';
import { firstFromPem } from '../../x509/pem.js';

/**
 * Reads a PEM CSR and checks its signature and key. A CSR for a CA is refused.
 * @throws TaskError with the contract's message, kind `badCSR`
 */
export function readRequest(pem: string): CertificationRequest {
  try {
    const csr = parseCsr(firstFromPem('CERTIFICATE REQUEST', pem));
    if (csr.asksForCa) throw new DerError('it asks for a CA certificate');
    return csr;
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new TaskError(ErrorCode.certificate, `Failed to load CSR: ${error.message}`, 'badCSR');
  }
}

/** Reads a PEM certificate. @throws TaskError with the contract's message */
export function readCertificate(pem: string): ParsedCertificate {
  try {
    return parseCertificate(firstFromPem('CERTIFICATE', pem));
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new TaskError(ErrorCode.certificate, `Failed to load certificate: ${error.message}`);
  }
}
