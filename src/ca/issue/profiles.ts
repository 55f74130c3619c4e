import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { namesIn } from '../../lib/files.js';
import { DAY } from '../../lib/time.js';
import { CHALLENGE_TYPES } from '../../model/facts.js';
import { KEY_USAGE } from '../../x509/extensions.js';
import { OID } from '../../x509/oids.js';
import { KEY_TYPES } from '../../x509/spki.js';
import { profileFaults } from './profile-faults.js';

/** RFC 5280 §4.2.1.12 purposes by the names the profiles use. */
export const PURPOSES = {
  serverAuth: OID.serverAuth,
  clientAuth: OID.clientAuth,
  codeSigning: OID.codeSigning,
  emailProtection: OID.emailProtection,
  timeStamping: OID.timeStamping,
  OCSPSigning: OID.ocspSigning,
} as const;
export type Purpose = keyof typeof PURPOSES;

/** Key lengths by key type. The first is the default. */
export const KEY_LENGTHS = { rsa: [4096, 3072, 2048], ec: [256, 384, 521], ed25519: [256] } as const;

/** Without the line end of YAML's block style. */
const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}]*$/u, 'must have no control characters');

/** RFC 5280 appendix A upper bounds (ub-*). */
const subject = z.strictObject({
  C: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be two capital letters (ISO 3166)')
    .optional(),
  ST: text(128).optional(),
  L: text(128).optional(),
  O: text(64).optional(),
  OU: text(64).optional(),
  CN: text(64).optional(),
});

/** `8h`, `90d`, as days. */
const hoursOrDays = z
  .string()
  .regex(/^[1-9]\d{0,5}[hd]$/)
  .transform((text) => Number(text.slice(0, -1)) / (text.endsWith('h') ? 24 : 1))
  .refine((days) => days <= 36_500);

/** Each value once. */
const each = <T>(values: T[]): T[] => [...new Set(values)];

/** The member names are those of the wire contract and of a profile's YAML file. */
const fields = z.strictObject({
  /** One line for people; the lines of YAML's block style are joined. */
  description: z
    .string()
    .transform((lines) => lines.replace(/\s+/g, ' '))
    .pipe(text(200))
    .default('a custom profile'),
  /** The key that `generate` and `register` make; a CSR brings its own. */
  keyType: z.enum(['rsa', 'ec', 'ed25519']).default('ec'),
  /** RSA bits, or 256, 384, 521 for a curve. A length of another type of key counts as absent: older versions took any. */
  keyLen: z.literal([256, 384, 521, 2048, 3072, 4096]).optional(),
  /** Days; a file may also have `8h`, `6d` or `90d`. Hours are fractions of a day. */
  duration: z.union([z.number().int().min(1).max(36_500), hoursOrDays], {
    error: 'must be days from 1 to 36500, or a time such as 8h, 6d or 90d',
  }),
  /** `none`: short-lived certificates without CRL and OCSP, marked with noRevAvail (RFC 9608). */
  revocation: z.enum(['full', 'none']).default('full'),
  digest: z.enum(['sha256', 'sha384', 'sha512']).default('sha256'),
  /** Whether the certificate may have subject alternative names. */
  altnames: z.boolean().default(true),
  subject: subject.default({}),
  keyUsage: z.array(z.enum(KEY_USAGE)).min(1).transform(each),
  extendedKeyUsage: z
    .array(z.enum(Object.keys(PURPOSES) as [Purpose, ...Purpose[]]))
    .default([])
    .transform(each),
  certType: text(32).default('server'),
  /** Makes it a CA profile (RFC 5280 §4.2.1.9). */
  pathLen: z.number().int().min(0).max(10).optional(),
  /** Key types that are certified; all when absent. */
  keyTypes: z.array(z.enum(KEY_TYPES)).min(1).optional(),
  /** Challenges by which an ACME order may prove its names; absent: all that the RA offers. */
  challenges: z.array(z.enum(CHALLENGE_TYPES)).min(1).optional(),
  /** Names must be this domain or below it. */
  domain: z
    .string()
    .regex(/^[a-z0-9.-]+$/, 'must be a lower-case domain name')
    .optional(),
});

type Fields = z.infer<typeof fields>;
export type ProfileFields = Fields & { keyLen: NonNullable<Fields['keyLen']> };

/** One profile. */
export const profileSchema = fields.transform(({ keyLen, ...given }): ProfileFields => {
  const [usual, ...others] = KEY_LENGTHS[given.keyType];
  return { ...given, keyLen: others.find((length) => length === keyLen) ?? usual };
});

/** One profile as an operator writes it. */
export const ownProfileSchema = profileSchema.superRefine((profile, context) => {
  for (const { field, message } of profileFaults(profile))
    context.addIssue({ code: 'custom', path: [field], message });
});
export interface Profile extends ProfileFields {
  name: string;
}

const builtIn = (given: z.input<typeof profileSchema>): ProfileFields => profileSchema.parse(given);

type Kind = Pick<z.input<typeof profileSchema>, 'keyUsage' | 'certType' | 'subject'>;
const SERVER: Kind = {
  keyUsage: ['digitalSignature', 'keyEncipherment'],
  certType: 'server',
  subject: { OU: 'Servers' },
};
const PERSON: Kind = {
  keyUsage: ['digitalSignature', 'nonRepudiation'],
  certType: 'user',
  subject: { OU: 'Users' },
};

/**
 * The seven profiles of the wire contract and `short`, with P-256 keys (the schema's default). RA and server
 * certificates are renewed automatically, so they are short-lived. `O` is the CA's company, if the operator
 * configured one (`loadProfiles`).
 */
const BUILT_IN: Record<string, ProfileFields> = {
  ca: builtIn({
    description: 'Certificate authorities',
    duration: 3650,
    altnames: false,
    subject: { OU: 'CA', CN: 'uPKI Root CA' },
    keyUsage: ['keyCertSign', 'cRLSign'],
    certType: 'ca',
    pathLen: 0,
  }),
  ra: builtIn({
    ...SERVER,
    description: 'Registration authorities',
    duration: 180,
    subject: { OU: 'RA' },
    extendedKeyUsage: ['serverAuth', 'clientAuth'],
    certType: 'ra',
  }),
  server: builtIn({
    ...SERVER,
    description: 'TLS servers, 60 days',
    duration: 60,
    extendedKeyUsage: ['serverAuth'],
  }),
  webapp: builtIn({
    ...SERVER,
    description: 'TLS servers that are also TLS clients, 60 days',
    duration: 60,
    subject: { OU: 'WebApps' },
    extendedKeyUsage: ['serverAuth', 'clientAuth'],
  }),
  short: builtIn({
    ...SERVER,
    description: 'TLS servers, 6 days, without revocation',
    duration: 6,
    revocation: 'none',
    extendedKeyUsage: ['serverAuth'],
  }),
  laptop: builtIn({
    ...PERSON,
    description: 'Laptops: TLS client and e-mail, 30 days',
    duration: 30,
    extendedKeyUsage: ['clientAuth', 'emailProtection'],
  }),
  user: builtIn({
    ...PERSON,
    description: 'People: TLS client, 30 days',
    duration: 30,
    extendedKeyUsage: ['clientAuth'],
  }),
  admin: builtIn({
    ...PERSON,
    description: 'Administrators: TLS client, a year',
    duration: 365,
    subject: { OU: 'Admins' },
    extendedKeyUsage: ['clientAuth'],
    certType: 'admin',
  }),
};

/** A profile file that cannot be used; the message names the file, the field and the fault. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError';
}

/** Reads one custom profile. @throws ProfileError */
export function parseProfile(name: string, yaml: string, file: string): Profile {
  if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(name)) {
    throw new ProfileError(`${file}: a profile's name is lower-case letters, digits, - and _`);
  }
  let value: unknown;
  try {
    value = parse(yaml);
  } catch (error) {
    throw new ProfileError(`${file}: is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  const result = ownProfileSchema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const field = issue?.path.join('.') || 'the file';
    throw new ProfileError(`${file}: ${field}: ${issue?.message ?? 'is wrong'}`);
  }
  return { name, ...result.data };
}

/** The built-in profiles, and those of YAML files in the folder, which replace built-in ones of the same name. @throws ProfileError */
export async function loadProfiles(
  folder: string | null,
  company: string | null = null,
): Promise<Map<string, Profile>> {
  const profiles = new Map<string, Profile>();
  for (const [name, fields] of Object.entries(BUILT_IN)) {
    const organisation = company === null ? {} : { O: company };
    profiles.set(name, { name, ...fields, subject: { ...organisation, ...fields.subject } });
  }
  const files = folder === null ? [] : (await namesIn(folder)).filter((file) => /\.ya?ml$/.test(file));
  for (const file of files.sort()) {
    const name = file.replace(/\.ya?ml$/, '');
    const path = join(folder ?? '', file);
    if (files.includes(`${name}.yaml`) && files.includes(`${name}.yml`))
      throw new ProfileError(`${path}: ${name}.yml and ${name}.yaml are one profile: keep one of the files`);
    profiles.set(name, parseProfile(name, await readFile(path, 'utf8'), path));
  }
  return profiles;
}

/** Whether ACME clients may request the profile: it is for TLS servers, but not for RAs or administrators. */
export function isAcmeProfile(profile: Profile): boolean {
  return (
    isForServers(profile) &&
    profile.pathLen === undefined &&
    profile.name !== 'ra' &&
    profile.name !== 'admin'
  );
}

/** Whether the profile is for TLS servers. */
export function isForServers(profile: Pick<Profile, 'extendedKeyUsage'>): boolean {
  return profile.extendedKeyUsage.includes('serverAuth');
}

/** The lifetime of the profile's certificates, in ms. */
export const lifetimeOf = ({ duration }: Pick<Profile, 'duration'>): number => Math.round(duration * DAY);

/** The profiles whose certificates live longer than this (ms), with their lifetimes, for a message; empty when there is none. */
export function longerThan(left: number, profiles: readonly Profile[]): string {
  const longer = profiles.filter((profile) => lifetimeOf(profile) > left);
  return longer.map((profile) => `${profile.name} (${lifetimeText(profile)})`).join(', ');
}

/** `8 hours`, `60 days` */
export function lifetimeText({ duration }: Pick<Profile, 'duration'>): string {
  return Number.isInteger(duration) ? `${duration} days` : `${Math.round(duration * 24)} hours`;
}

/** The `get_profile` result of the wire contract. */
export function toWireProfile(profile: Profile) {
  const { name: _, description: __, revocation, ...fields } = profile;
  return { ...fields, ...(revocation === 'none' && { revocation }) };
}
