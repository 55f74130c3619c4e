import { ErrorCode, TaskError } from '../../channel/errors.js';
import { type CertificateNames, certificateNames, NameError } from '../../x509/certificate-names.js';
import type { CertificationRequest } from '../../x509/csr.js';
import type { Profile } from './profiles.js';

const invalid = (message: string) => new TaskError(ErrorCode.validation, message, 'rejectedIdentifier');

/** Like `certificateNames`, with the contract's error. @throws TaskError */
export function namesFor(
  profile: Profile,
  cn: string,
  sans: readonly { type: string; value: string }[],
): CertificateNames {
  try {
    return certificateNames(profile, cn, sans);
  } catch (error) {
    throw error instanceof NameError ? invalid(error.message) : error;
  }
}

/** The names that a CSR requests, checked against the profile. @throws TaskError */
export function namesOfRequest(profile: Profile, request: CertificationRequest): CertificateNames {
  const sans = request.names.map((name) => {
    if (name.type !== 'other') return name;
    throw invalid('the CSR has a name of a type that is not DNS, IP, EMAIL or URI');
  });
  const cn =
    request.commonName ??
    sans.find((name) => name.type === 'dns' || name.type === 'ip')?.value ??
    sans[0]?.value;
  if (cn === undefined || cn === '')
    throw new TaskError(ErrorCode.certificate, 'CSR has no Common Name', 'badCSR');
  return namesFor(profile, cn, sans);
}
