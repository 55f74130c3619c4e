import { DAY } from '../../lib/time.js';
import type { ParsedCertificate } from '../../x509/certificate.js';
import { parseBasicConstraints, parseKeyUsage, readExtension } from '../../x509/extensions.js';
import { fingerprintOf, shortFingerprint } from '../../x509/fingerprint.js';
import { formatDn, sameDn } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { KeyError, parsePublicKey } from '../../x509/spki.js';
import { CaCertificateError } from '../folder/issuer-certificates.js';
import { isAcmeProfile, longerThan, type Profile } from '../issue/profiles.js';
import { purposesMissing } from '../issue/refusals.js';
import { chainOf } from './chain.js';

interface JudgeInput {
  /** The certificates in the file, in any order. */
  certificates: readonly ParsedCertificate[];
  /** Roots this CA knows, which the file may leave out. */
  roots: readonly ParsedCertificate[];
  /** SubjectPublicKeyInfo of the request's key. */
  spki: Buffer;
  profiles: Iterable<Profile>;
  now: number;
}

/** A certificate that may serve as this CA's issuer. */
export interface Judged {
  issuer: ParsedCertificate;
  /** Between it and the root. */
  between: ParsedCertificate[];
  root: ParsedCertificate;
  /** Warnings for the operator, as sentences. */
  warnings: string[];
}

/**
 * Checks whether an issuer's certificate that was signed elsewhere can serve this CA. Pure.
 * @throws CaCertificateError with every fault, a sentence each
 */
export function judgeIssuer({ certificates, roots, spki, profiles, now }: JudgeInput): Judged {
  const issuer = certificates.find((each) => each.spki.equals(spki));
  if (issuer === undefined) throw new CaCertificateError(otherKey(certificates, spki));
  const found = chainOf(issuer, [...certificates, ...roots]);
  const all = [issuer, ...found.between, ...(found.root === null ? [] : [found.root])];
  const leaves = [...profiles].filter(({ pathLen }) => pathLen === undefined);
  const wrong = [
    ...(found.root === null ? [found.why] : []),
    ...(sameDn(issuer.subject, issuer.issuer)
      ? ['it has the name of its own signer: programs would take it for a root']
      : []),
    ...all.flatMap((certificate, below) => ownFaults(certificate, below, now)),
    ...tooShort(issuer, leaves, now),
    ...tooNarrow(all, leaves),
  ];
  if (wrong.length > 0 || found.root === null) throw new CaCertificateError(listed(wrong));
  const warnings = [...narrower(all, leaves), ...ends(all), ...unpointed(issuer)];
  return { issuer, between: found.between, root: found.root, warnings };
}

const listed = (wrong: readonly string[]): string =>
  wrong.length === 1
    ? (wrong[0] ?? '')
    : `${wrong.length} things are wrong:\n${wrong.map((each) => `  - ${each}`).join('\n')}`;

function otherKey(certificates: readonly ParsedCertificate[], spki: Buffer): string {
  const whose = certificates.map(({ subject }) => `"${formatDn(subject)}"`).join(', ');
  return (
    `none of its certificates (${whose}) is of the key of the request (SHA-256 ${shortFingerprint(fingerprintOf(spki))}): ` +
    'it answers another request, perhaps an older one. Have the request that waits signed'
  );
}

/** The faults of one certificate; `below`: the number of CA certificates below it. */
function ownFaults(certificate: ParsedCertificate, below: number, now: number): string[] {
  const { extensions, notBefore, notAfter, subject } = certificate;
  const name = `"${formatDn(subject)}"`;
  const wrong: string[] = [];
  if (subject.length === 0)
    wrong.push('a CA certificate without a subject can sign nothing (RFC 5280 §4.1.2.6)');
  const constraints = readExtension(certificate, OID.basicConstraints, parseBasicConstraints);
  const { ca, pathLength } = constraints ?? { ca: false, pathLength: null };
  if (!ca)
    wrong.push(
      `${name} is not a CA certificate: it lacks basicConstraints CA:TRUE (AD CS: use the template SubCA)`,
    );
  // RFC 5280 §4.2.1.9
  if (ca && pathLength !== null && pathLength < below) {
    wrong.push(
      `the path length of ${name} is ${pathLength}, which allows ${pathLength === 0 ? 'no CA' : `${pathLength} CA below another`} below it; there ${below === 1 ? 'is one' : `are ${below}`}`,
    );
  }
  const used = readExtension(certificate, OID.keyUsage, parseKeyUsage) ?? ['keyCertSign', 'cRLSign'];
  if (!used.includes('keyCertSign'))
    wrong.push(`${name} may not sign certificates: its key usage lacks keyCertSign`);
  if (below === 0 && !used.includes('cRLSign'))
    wrong.push(`${name} may not sign CRLs: its key usage lacks cRLSign`);
  if (now > notAfter) wrong.push(`${name} expired on ${day(notAfter)}`);
  if (now < notBefore)
    wrong.push(`${name} is not valid before ${day(notBefore)}: look at the clocks of both machines`);
  for (const weakness of weaknesses(certificate, below)) wrong.push(`${name} ${weakness}`);
  const strange = [...extensions.values()].find(({ oid, critical }) => critical && !UNDERSTOOD.has(oid));
  if (strange)
    wrong.push(`${name} has a critical extension programs may not know (${strange.oid}), and would refuse`);
  return wrong;
}

const ANY_POLICY_RULES = ['2.5.29.33', '2.5.29.36', '2.5.29.54'];
const UNDERSTOOD = new Set([
  ...[OID.basicConstraints, OID.keyUsage, OID.extKeyUsage, OID.nameConstraints, OID.certificatePolicies],
  ...[OID.subjectAltName, OID.cRLDistributionPoints, OID.authorityInfoAccess, ...ANY_POLICY_RULES],
]);

/** RFC 3279 §2.2: signatures with MD2, MD5 and SHA-1. */
const BROKEN: Record<string, string> = {
  '1.2.840.113549.1.1.2': 'MD2',
  '1.2.840.113549.1.1.4': 'MD5',
  '1.2.840.113549.1.1.5': 'SHA-1',
  '1.2.840.10040.4.3': 'SHA-1',
  '1.2.840.10045.4.1': 'SHA-1',
};

function* weaknesses(certificate: ParsedCertificate, below: number): Generator<string> {
  try {
    parsePublicKey(certificate.spki);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    yield `has a weak key, or one programs do not know: ${error.message}`;
  }
  // Clients do not verify a root's signature on itself.
  const isOwn = below > 0 && sameDn(certificate.subject, certificate.issuer);
  const hash = BROKEN[certificate.signatureAlgorithm];
  if (hash !== undefined && !isOwn)
    yield `is signed with ${hash}, which is broken: have it signed with SHA-256`;
}

function tooShort(issuer: ParsedCertificate, leaves: readonly Profile[], now: number): string[] {
  const left = issuer.notAfter - now;
  if (left <= 0) return [];
  const named = longerThan(left, leaves);
  if (named === '') return [];
  return [
    `it ends on ${day(issuer.notAfter)}, sooner than certificates it is to sign: ${named}. Have one signed that is good for longer ` +
      '(twice the longest profile at least), or shorten those profiles',
  ];
}

const missingOf = (all: readonly ParsedCertificate[], profile: Profile): string[] => [
  ...new Set(all.flatMap((certificate) => purposesMissing(profile, certificate))),
];

/** The purposes that the chain lacks for RA and administrator certificates and for at least one ACME profile. */
function tooNarrow(all: readonly ParsedCertificate[], leaves: readonly Profile[]): string[] {
  const needed = leaves.filter((profile) => profile.name === 'ra' || profile.name === 'admin');
  const missing = new Set(needed.flatMap((profile) => missingOf(all, profile)));
  const anyServer = leaves.some((profile) => isAcmeProfile(profile) && missingOf(all, profile).length === 0);
  if (!anyServer) missing.add('serverAuth');
  if (missing.size === 0) return [];
  return [
    `its purposes (extended key usage) are too narrow: ${[...missing].join(', ')} must be among them, or the extension left out. ` +
      'Programs take those of a CA as a limit for all it signs',
  ];
}

function narrower(all: readonly ParsedCertificate[], leaves: readonly Profile[]): string[] {
  const narrow = leaves.filter((profile) => missingOf(all, profile).length > 0);
  return narrow.map(
    (profile) =>
      `profile ${profile.name} will be refused: the issuer may not sign for ${missingOf(all, profile).join(', ')}`,
  );
}

function ends([issuer, ...above]: readonly ParsedCertificate[]): string[] {
  const sooner = above.filter(({ notAfter }) => issuer !== undefined && notAfter < issuer.notAfter);
  return sooner.map(
    ({ subject, notAfter }) =>
      `"${formatDn(subject)}" ends on ${day(notAfter)}, before the issuer: what it signs ends with it for most programs`,
  );
}

function unpointed({ extensions, notAfter, notBefore }: ParsedCertificate): string[] {
  const told: string[] = [];
  if (!extensions.has(OID.cRLDistributionPoints)) {
    told.push(
      'the issuer’s certificate names no CRL of its root: programs that check the whole chain must be given that CRL',
    );
  }
  if (notAfter - notBefore < 365 * DAY)
    told.push('the issuer is good for less than a year: the next is to be asked for soon');
  return told;
}

const day = (time: number): string => new Date(time).toISOString().slice(0, 16).replace('T', ' ');
