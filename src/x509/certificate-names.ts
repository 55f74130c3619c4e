import { isIP } from 'node:net';
import { DerError } from './der-error.js';
import type { SubjectName } from './general-names.js';
import { HostNameError, readHostName } from './host-name.js';
import { hostAddress } from './ip-address.js';

export type { SubjectName } from './general-names.js';

export type WireType = Uppercase<SubjectName['type']>;

/** The type as the Python programs and the REST API write it. */
export function wireType(type: SubjectName['type']): WireType {
  return type.toUpperCase() as WireType;
}

/** The names a certificate will carry. */
export interface CertificateNames {
  /** For the subject; null to leave it empty. For a TLS server it is a DNS name: certbot rejects an address here. */
  commonName: string | null;
  names: SubjectName[];
}

/** The rules of a profile that concern names. */
export interface NameRules {
  name: string;
  /** Whether subject alternative names are allowed. */
  altnames: boolean;
  extendedKeyUsage: readonly string[];
  /** Names must be this domain or below it. */
  domain?: string | undefined;
}

/** A name that is invalid, or not allowed by the profile. */
export class NameError extends DerError {
  /** `place`: the field at fault, such as `cn` or `sans[0].value`. */
  constructor(
    message: string,
    readonly place: string,
  ) {
    super(message);
  }
}

/** RFC 5280 appendix A, ub-common-name. */
const MAX_COMMON_NAME = 64;
/** RFC 5321 §4.1.2 without quoted local parts, which mail systems rarely accept. */
const EMAIL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}$/;
/** RFC 5280 §4.2.1.6: absolute, with a scheme-specific part. */
const URI = /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i;
/** The characters and the error message follow the wire contract. */
const COMMON_NAME = /^[A-Za-z0-9 \-.'(),/+@#$%&*:;=?\\`|<>[\]{}~^_"]+$/;
const COMMON_NAME_CHARACTERS = 'alphanumeric, spaces, and -.\'(),/+@#$%&*+=:;=?\\`|<>[]{}~^_"';

/**
 * Checks a requested common name and SANs against the profile, and returns them normalised without duplicates.
 * A TLS server's common name is also added as a SAN, because clients read only SANs (RFC 9525 §2).
 * @throws NameError
 */
export function certificateNames(
  rules: NameRules,
  cn: string,
  sans: readonly { type: string; value: string }[],
): CertificateNames {
  if (!COMMON_NAME.test(cn)) {
    throw new NameError(
      `Common Name '${cn}' contains invalid characters. Allowed: ${COMMON_NAME_CHARACTERS}`,
      'cn',
    );
  }
  const names = sans.map((san, index) => subjectName(san, `sans[${index}].value`));
  if (!isServer(rules)) {
    if (cn.length > MAX_COMMON_NAME) {
      throw new NameError(`Common Name is longer than ${MAX_COMMON_NAME} characters`, 'cn');
    }
    return allowed(rules, { commonName: cn, names: unique(names) });
  }
  const host = hostNameOf(cn);
  if (host === null) {
    throw new NameError(
      `Common Name '${cn}' is neither a DNS name nor an IP address, as profile ${rules.name} needs`,
      'cn',
    );
  }
  return allowed(rules, { commonName: serverCommonName([host]), names: unique([host, ...names]) });
}

/** The first name that fits a TLS server's subject: a DNS name of at most 64 characters (ub-common-name). Null when none fits. */
export function serverCommonName(names: readonly SubjectName[]): string | null {
  return names.find(({ type, value }) => type === 'dns' && value.length <= MAX_COMMON_NAME)?.value ?? null;
}

/** The display name of a certificate: its common name, else its first SAN. */
export function calledName({ commonName, names }: CertificateNames): string {
  return commonName ?? names[0]?.value ?? '';
}

/** A key that is equal for equal names. */
export function nameKey({ type, value }: { type: string; value: string }): string {
  return `${type}:${value}`;
}

function isServer(rules: NameRules): boolean {
  return rules.extendedKeyUsage.includes('serverAuth');
}

/** Reads a DNS name or an IP address; null when the text is neither. */
export function hostNameOf(text: string): SubjectName | null {
  if (isIP(text) !== 0 && !text.includes('%')) return { type: 'ip', value: hostAddress(text) };
  const value = dnsName(text);
  return value === null ? null : { type: 'dns', value };
}

/** The DNS name in certificate form (`readHostName`), or null. */
function dnsName(text: string): string | null {
  try {
    return readHostName(text);
  } catch (error) {
    if (error instanceof HostNameError) return null;
    throw error;
  }
}

function subjectName(san: { type: string; value: string }, place: string): SubjectName {
  const { value } = san;
  const type = san.type.toLowerCase() as SubjectName['type'];
  const refuse = (what: string) => new NameError(`Invalid SAN '${value.slice(0, 253)}': not ${what}`, place);
  switch (type) {
    case 'dns': {
      const name = dnsName(value);
      if (name === null) throw refuse('a DNS name');
      return { type, value: name };
    }
    case 'ip':
      if (isIP(value) === 0 || value.includes('%')) throw refuse('an IP address');
      return { type, value: hostAddress(value) };
    case 'email':
      if (!EMAIL.test(value)) throw refuse('an e-mail address');
      return { type, value };
    case 'uri':
      if (!URI.test(value)) throw refuse('an absolute URI');
      return { type, value };
  }
}

function unique(names: SubjectName[]): SubjectName[] {
  const seen = new Map(names.map((name) => [nameKey(name), name]));
  return [...seen.values()];
}

function allowed(rules: NameRules, names: CertificateNames): CertificateNames {
  if (names.names.length > 0 && !rules.altnames) {
    throw new NameError(`Profile ${rules.name} has no subject alternative names`, 'sans');
  }
  const { domain } = rules;
  const isOutside = (host: string | null) => host !== domain && !host?.endsWith(`.${domain}`);
  const outside = domain && names.names.find((name) => isOutside(domainOf(name)));
  if (!outside) return names;
  throw new NameError(`'${outside.value}' is not in the domain ${domain} of profile ${rules.name}`, 'sans');
}

/** The host of a URI (RFC 3986 §3.2) in certificate form. Null without a host, or with user information. */
function uriHost(uri: string): string | null {
  const [, host = ''] = /^[a-z][a-z0-9+.-]*:\/\/([a-z0-9.-]+)(?::\d*)?(?:[/?#]|$)/i.exec(uri) ?? [];
  return dnsName(host);
}

/** The domain of a name; null for an address. */
function domainOf({ type, value }: SubjectName): string | null {
  if (type === 'dns') return value.replace(/^\*\./, '');
  if (type === 'email') return value.slice(value.indexOf('@') + 1).toLowerCase();
  return type === 'uri' ? uriHost(value) : null;
}
