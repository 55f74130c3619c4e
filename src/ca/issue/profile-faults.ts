import { unlessMalformed } from '../../x509/der-error.js';
import { readHostName } from '../../x509/host-name.js';
import { keyUsages, type Usages } from './key-usages.js';

/** Key lengths by key type. The first is the default. */
export const KEY_LENGTHS = { rsa: [4096, 3072, 2048], ec: [256, 384, 521], ed25519: [256] } as const;

interface Checked extends Usages {
  keyType: keyof typeof KEY_LENGTHS;
  keyLen: number;
  pathLen?: number | undefined;
  domain?: string | undefined;
}

type Check = (profile: Checked) => string | null;

/** What a profile of an operator must hold besides the forms of its fields. Each returns what is wrong, or null. */
const CHECKS: [field: keyof Checked, check: Check][] = [
  // For Ed25519 the length has no meaning, and older versions wrote any.
  [
    'keyLen',
    ({ keyType, keyLen }) =>
      keyType === 'ed25519' || KEY_LENGTHS[keyType].some((length) => length === keyLen)
        ? null
        : `must be one of ${KEY_LENGTHS[keyType].join(', ')} for keyType ${keyType}`,
  ],
  ['keyUsage', ({ keyUsage }) => twice(keyUsage)],
  ['extendedKeyUsage', ({ extendedKeyUsage }) => twice(extendedKeyUsage)],
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

const twice = (list: readonly string[]): string | null => {
  const again = list.find((each, index) => list.indexOf(each) !== index);
  return again === undefined ? null : `names ${again} twice`;
};

/** The checks that a profile does not pass. */
export function profileFaults(profile: Checked): { field: keyof Checked; message: string }[] {
  return CHECKS.flatMap(([field, check]) => {
    const message = check(profile);
    return message === null ? [] : [{ field, message }];
  });
}
