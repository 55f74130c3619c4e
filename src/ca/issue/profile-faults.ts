import { unlessMalformed } from '../../x509/der-error.js';
import { readHostName } from '../../x509/host-name.js';
import { keyUsages, type Usages } from './key-usages.js';

interface Checked extends Usages {
  pathLen?: number | undefined;
  domain?: string | undefined;
}

type Check = (profile: Checked) => string | null;

/** What a profile of an operator must hold besides the forms of its fields. Each returns what is wrong, or null. */
const CHECKS: [field: keyof Checked, check: Check][] = [
  // RFC 5280 §4.2.1.9: other certificates never sign certificates.
  [
    'keyUsage',
    ({ keyUsage, pathLen }) =>
      pathLen === undefined && (keyUsage.includes('keyCertSign') || keyUsage.includes('cRLSign'))
        ? 'keyCertSign and cRLSign are for profiles with a pathLen, which are those of certificate authorities'
        : null,
  ],
  [
    'keyUsage',
    (profile) =>
      keyUsages(profile, 'rsa').length === 0 ? 'has no usage that fits the extendedKeyUsage' : null,
  ],
  // RFC 6960 §4.2.2.2: its holder could answer for every certificate of the issuer.
  [
    'extendedKeyUsage',
    ({ extendedKeyUsage }) =>
      extendedKeyUsage.includes('OCSPSigning') ? 'OCSPSigning is for the responder of the CA alone' : null,
  ],
  [
    'domain',
    ({ domain }) =>
      domain === undefined || unlessMalformed(() => readHostName(domain)) === domain
        ? null
        : 'must be a domain name such as plant.example.internal',
  ],
];

/** The checks that a profile does not pass. */
export function profileFaults(profile: Checked): { field: keyof Checked; message: string }[] {
  return CHECKS.flatMap(([field, check]) => {
    const message = check(profile);
    return message === null ? [] : [{ field, message }];
  });
}
