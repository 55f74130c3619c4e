import { stringify } from 'yaml';
import {
  KEY_LENGTHS,
  ownProfileSchema,
  type ProfileFields,
  PURPOSES,
  type Purpose,
} from '../../ca/issue/profiles.js';
import { DAY } from '../../lib/time.js';
import type { ParsedCertificate } from '../../x509/certificate.js';
import { KEY_USAGE, parseExtKeyUsage, parseKeyUsage, readExtension } from '../../x509/extensions.js';
import { OID } from '../../x509/oids.js';

/** A profile of the Python CA, converted to ours. */
interface ConvertedProfile {
  name: string;
  fields: ProfileFields;
  yaml: string;
  /** Sentences about what was changed. */
  changes: string[];
}

/** A Python profile cannot be converted; the message says why. */
export class ProfileNotConverted extends Error {
  override readonly name = 'ProfileNotConverted';
}

const SUBJECT = ['C', 'ST', 'L', 'O', 'OU', 'CN'] as const;

/**
 * Converts a profile of the Python CA. Weak keys and digests become the weakest that we allow. Empty members, which upki-ca
 * writes by default, are left out.
 * @throws ProfileNotConverted
 */
export function convertProfile(name: string, document: unknown): ConvertedProfile {
  const ours = name.toLowerCase();
  if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(ours)) {
    throw new ProfileNotConverted('its name is not made of letters, digits, - and _');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new ProfileNotConverted('it does not hold names and values');
  }
  const given = document as Record<string, unknown>;
  const changes: string[] = [];
  if (ours !== name) changes.push(`is called ${ours}`);
  const choose = <T>(member: string, value: unknown, kept: readonly T[], instead: T): T => {
    if (kept.some((each) => each === value)) return value as T;
    if (value !== undefined) changes.push(`${member} ${String(value)} became ${String(instead)}`);
    return instead;
  };
  const list = <T>(member: string, known: readonly T[]): T[] => {
    const values: unknown[] = Array.isArray(given[member]) ? given[member] : [];
    for (const value of values) {
      if (!known.includes(value as T))
        changes.push(`${member} ${String(value)} is unknown here and was left out`);
    }
    return [...new Set(values)].filter((value): value is T => known.includes(value as T));
  };
  const text = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
  const subject = Object.entries((given.subject as Record<string, unknown> | undefined) ?? {}).filter(
    ([, value]) => text(value),
  );
  for (const [attribute] of subject) {
    if (!SUBJECT.some((each) => each === attribute)) changes.push(`subject ${attribute} was left out`);
  }
  // OCSPSigning is for the responder of the CA alone.
  const purposes = (Object.keys(PURPOSES) as Purpose[]).filter((purpose) => purpose !== 'OCSPSigning');
  const keyType = choose('keyType', lower(given.keyType), ['rsa', 'ec', 'ed25519'] as const, 'rsa');
  const result = ownProfileSchema.safeParse({
    description: `Profile ${ours} of the Python CA`,
    keyType,
    keyLen: choose<number>('keyLen', given.keyLen, KEY_LENGTHS[keyType], keyType === 'rsa' ? 2048 : 256),
    duration: given.duration ?? 365,
    digest: choose('digest', lower(given.digest), ['sha256', 'sha384', 'sha512'], 'sha256'),
    altnames: given.altnames ?? true,
    subject: Object.fromEntries(subject.filter(([attribute]) => SUBJECT.some((each) => each === attribute))),
    keyUsage: list('keyUsage', KEY_USAGE),
    extendedKeyUsage: list('extendedKeyUsage', purposes),
    ...(text(given.certType) && { certType: given.certType }),
    ...(text(given.domain) && { domain: given.domain.toLowerCase() }),
    ...pathLength(given),
  });
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ProfileNotConverted(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is wrong'}`);
  }
  return { name: ours, fields: result.data, yaml: stringify(result.data), changes };
}

/** The Python CA marks a CA by its key usage and omits pathLen for an unlimited path; our profiles need a length. */
function pathLength({ pathLen, keyUsage }: Record<string, unknown>): { pathLen?: unknown } {
  if (pathLen !== undefined && pathLen !== null) return { pathLen };
  return Array.isArray(keyUsage) && keyUsage.includes('keyCertSign') ? { pathLen: 0 } : {};
}

const lower = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : value);

/** The properties of a certificate that reveal its profile. */
export type ProfileMarks = Pick<ProfileFields, 'duration' | 'extendedKeyUsage'> & { isCa: boolean };

const marks = (duration: number, ...extendedKeyUsage: Purpose[]): ProfileMarks => ({
  duration,
  extendedKeyUsage,
  isCa: false,
});

/** The seven profiles of the Python CA, by these properties. */
export const PYTHON_PROFILES: ReadonlyMap<string, ProfileMarks> = new Map([
  ['ca', { ...marks(3650), isCa: true }],
  ['ra', marks(365, 'serverAuth', 'clientAuth')],
  ['server', marks(60, 'serverAuth')],
  ['webapp', marks(60, 'serverAuth', 'clientAuth')],
  ['laptop', marks(30, 'clientAuth', 'emailProtection')],
  ['user', marks(30, 'clientAuth')],
  ['admin', marks(365, 'clientAuth')],
]);

/** The profile of a certificate that matches none. */
const UNKNOWN_PROFILE = 'unknown';

/**
 * Guesses the profile of a certificate, which the Python CA does not record: the profile with the same purposes and lifetime,
 * else the first with the same purposes that is not for administrators or RAs.
 * @throws DerError
 */
export function profileOf(
  certificate: ParsedCertificate,
  profiles: ReadonlyMap<string, ProfileMarks>,
): string {
  const { notBefore, notAfter } = certificate;
  const isCa = readExtension(certificate, OID.keyUsage, parseKeyUsage)?.includes('keyCertSign') ?? false;
  const oids = new Set(readExtension(certificate, OID.extKeyUsage, parseExtKeyUsage));
  const days = Math.round((notAfter - notBefore) / DAY);
  const alike = [...profiles].filter(
    ([, each]) =>
      each.isCa === isCa &&
      each.extendedKeyUsage.length === oids.size &&
      each.extendedKeyUsage.every((purpose) => oids.has(PURPOSES[purpose])),
  );
  const exact = alike.find(([, each]) => each.duration === days);
  const [name] = exact ?? alike.find(([each]) => each !== 'admin' && each !== 'ra') ?? [];
  return name ?? UNKNOWN_PROFILE;
}
