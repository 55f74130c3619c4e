import { isIP } from 'node:net';
import { ErrorCode, TaskError } from '../channel/errors.js';
import type { CertificationRequest } from '../x509/csr.js';
import { ipFromBytes, ipToBytes } from '../x509/ip-address.js';
import type { SubjectName } from './issue.js';
import type { Profile } from './profiles.js';

/** What a certificate is to say about its holder. */
export interface CertificateNames {
  /** For the subject; null when the names say it all. */
  commonName: string | null;
  names: SubjectName[];
}

/** RFC 5280 appendix A, ub-common-name. */
const MAX_COMMON_NAME = 64;
/** RFC 1123 §2.1 labels, RFC 1034 §3.1 length; one leading wildcard label (RFC 9525 §6.3). */
const DNS_NAME =
  /^(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
/** RFC 5321 §4.1.2 without quoting: what mail systems accept in practice. */
const EMAIL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}$/;
/** RFC 5280 §4.2.1.6: absolute, with a scheme-specific part. */
const URI = /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i;
/** The characters, and the words of the refusal, are those of the wire contract. */
const COMMON_NAME = /^[A-Za-z0-9 \-.'(),/+@#$%&*:;=?\\`|<>[\]{}~^_"]+$/;
const COMMON_NAME_CHARACTERS = 'alphanumeric, spaces, and -.\'(),/+@#$%&*+=:;=?\\`|<>[]{}~^_"';

const invalid = (message: string) => new TaskError(ErrorCode.validation, message, 'rejectedIdentifier');

/**
 * The names of a certificate asked for by common name and SANs: valid, normalised, each once, allowed by the profile.
 * A TLS server's common name is one of its names (RFC 9525 §2: clients look nowhere else).
 * @throws TaskError naming what is wrong.
 */
export function namesFor(
  profile: Profile,
  cn: string,
  sans: readonly { type: string; value: string }[],
): CertificateNames {
  checkCommonName(cn);
  const names = sans.map((san) =>
    checkName({ type: san.type.toLowerCase() as SubjectName['type'], value: san.value }),
  );
  if (!isServer(profile)) {
    if (cn.length > MAX_COMMON_NAME)
      throw invalid(`Common Name is longer than ${MAX_COMMON_NAME} characters`);
    return allowed(profile, { commonName: cn, names: unique(names) });
  }
  const host = hostNameOf(cn);
  if (host === null) {
    throw invalid(
      `Common Name '${cn}' is neither a DNS name nor an IP address, as profile ${profile.name} needs`,
    );
  }
  const commonName = host.value.length > MAX_COMMON_NAME ? null : host.value;
  return allowed(profile, { commonName, names: unique([host, ...names]) });
}

/** The names a CSR asks for, read as data. @throws TaskError */
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

/** What people call the certificate: its common name, else its first name. */
export function calledName({ commonName, names }: CertificateNames): string {
  return commonName ?? names[0]?.value ?? '';
}

export function isServer(profile: Profile): boolean {
  return profile.extendedKeyUsage.includes('serverAuth');
}

function checkCommonName(cn: string): void {
  if (COMMON_NAME.test(cn)) return;
  throw invalid(`Common Name '${cn}' contains invalid characters. Allowed: ${COMMON_NAME_CHARACTERS}`);
}

/** A DNS name or address from text, or null. */
function hostNameOf(text: string): SubjectName | null {
  if (isIP(text) !== 0) return { type: 'ip', value: ipFromBytes(ipToBytes(text)) };
  const value = text.toLowerCase();
  return isDnsName(value) ? { type: 'dns', value } : null;
}

/** RFC 3696 §2: an all-numeric last label would be read as an address. */
function isDnsName(value: string): boolean {
  return DNS_NAME.test(value) && value !== '*.' && !/(^|\.)\d+$/.test(value);
}

function checkName({ type, value }: SubjectName): SubjectName {
  const refuse = (what: string) => invalid(`Invalid SAN '${value.slice(0, 253)}': not ${what}`);
  switch (type) {
    case 'dns': {
      const name = value.toLowerCase();
      if (!isDnsName(name)) throw refuse('a DNS name');
      return { type, value: name };
    }
    case 'ip':
      if (isIP(value) === 0 || value.includes('%')) throw refuse('an IP address');
      return { type, value: ipFromBytes(ipToBytes(value)) };
    case 'email':
      if (!EMAIL.test(value)) throw refuse('an e-mail address');
      return { type, value };
    case 'uri':
      if (!URI.test(value) || !URL.canParse(value)) throw refuse('an absolute URI');
      return { type, value };
  }
}

function unique(names: SubjectName[]): SubjectName[] {
  const seen = new Map(names.map((name) => [`${name.type}:${name.value}`, name]));
  return [...seen.values()];
}

function allowed(profile: Profile, names: CertificateNames): CertificateNames {
  if (names.names.length > 0 && !profile.altnames) {
    throw invalid(`Profile ${profile.name} has no subject alternative names`);
  }
  const { domain } = profile;
  if (domain !== undefined) {
    for (const name of names.names) {
      const host = domainOf(name);
      if (host !== domain && !host?.endsWith(`.${domain}`)) {
        throw invalid(`'${name.value}' is not in the domain ${domain} of profile ${profile.name}`);
      }
    }
  }
  return names;
}

/** The domain a name belongs to; an address belongs to none. */
function domainOf({ type, value }: SubjectName): string | null {
  if (type === 'dns') return value.replace(/^\*\./, '');
  if (type === 'email') return value.slice(value.indexOf('@') + 1).toLowerCase();
  return type === 'uri' ? new URL(value).hostname : null;
}
