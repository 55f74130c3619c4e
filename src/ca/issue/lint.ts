import type { KeyObject } from 'node:crypto';
import {
  authorityKeyId,
  isSignedBy,
  type ParsedCertificate,
  parseCertificate,
  subjectAltNames,
  subjectKeyId,
} from '../../x509/certificate.js';
import { DerError } from '../../x509/der-error.js';
import {
  parseBasicConstraints,
  parseExtKeyUsage,
  parseKeyUsage,
  parseTlsFeatures,
} from '../../x509/extensions.js';
import type { GeneralName } from '../../x509/general-names.js';
import { OID } from '../../x509/oids.js';
import { keyIdentifier } from '../../x509/spki.js';
import type { IssueInput } from './factory.js';
import { PURPOSES } from './profiles.js';

/** The request that a certificate must match. */
export interface LintContext {
  input: IssueInput;
  /** Subject key identifier of the issuer, hex. */
  issuerKeyId: string;
  issuerKey: KeyObject;
  issuerNotAfter: number;
}

/** A certificate that must not be issued, with all findings. */
export class LintError extends Error {
  override readonly name = 'LintError';
  constructor(readonly findings: string[]) {
    super(`the certificate failed its checks: ${findings.join('; ')}`);
  }
}

type Rule = (certificate: ParsedCertificate, context: LintContext) => string | null;

/** Each rule is a sentence that must hold; it returns what is wrong, or null. */
const RULES: Rule[] = [
  // RFC 5280 §4.1.2.2, CA/B BR §7.1
  ({ serial }, { input }) =>
    serial === input.serial && serial.length >= 34 && serial.length <= 40
      ? null
      : 'its serial is not the one chosen, or not 17 to 20 octets',
  // §4.1.2.5
  ({ notBefore, notAfter }, { input, issuerNotAfter }) =>
    notBefore === input.notBefore &&
    notAfter === input.notAfter &&
    notAfter > notBefore &&
    notAfter <= issuerNotAfter
      ? null
      : 'its validity is not what was decided, or outlives the issuer',
  // §4.1.2.7
  ({ spki }, { input }) => (spki.equals(input.publicKey.spki) ? null : 'its key is not the one requested'),
  // ub-common-name
  ({ commonName }) =>
    commonName !== null && [...commonName].length > 64 ? 'its common name is longer than 64' : null,
  // §4.2.1.6
  (certificate, { input: { names } }) => {
    const found = subjectAltNames(certificate);
    const isSame = (name: GeneralName, index: number) =>
      name.type !== 'other' && name.type === names[index]?.type && name.value === names[index].value;
    return found.length === names.length && found.every(isSame)
      ? null
      : 'its names are not exactly those requested';
  },
  (certificate) => {
    const san = certificate.extensions.get(OID.subjectAltName);
    return san && san.critical !== (certificate.subject.length === 0)
      ? 'its SAN is not critical exactly when the subject is empty'
      : null;
  },
  ({ subject, extensions }) =>
    subject.length === 0 && !extensions.has(OID.subjectAltName) ? 'it names nothing' : null,
  // §4.2.1.1, §4.2.1.2
  (certificate, { issuerKeyId }) =>
    authorityKeyId(certificate) === issuerKeyId ? null : 'its authority key identifier is not the issuer’s',
  (certificate) =>
    subjectKeyId(certificate) === keyIdentifier(certificate.spki).toString('hex')
      ? null
      : 'its subject key identifier is not of its key',
  // §4.2.1.3
  ({ extensions }, { input }) => {
    const usage = extensions.get(OID.keyUsage);
    if (!usage?.critical) return 'it has no critical key usage';
    const allowed: readonly string[] = input.profile.keyUsage;
    const used = parseKeyUsage(usage.value);
    if (used.length === 0 || used.some((each) => !allowed.includes(each)))
      return 'its key usage is not the profile’s';
    const enciphers = used.includes('keyEncipherment') || used.includes('dataEncipherment');
    return enciphers && input.publicKey.type !== 'rsa' ? 'its key usage does not fit its key' : null;
  },
  // §4.2.1.9
  ({ extensions }, { input }) => {
    const constraints = extensions.get(OID.basicConstraints);
    const { ca } = constraints ? parseBasicConstraints(constraints.value) : { ca: false };
    return ca === (input.profile.pathLen !== undefined)
      ? null
      : 'it is a CA certificate against its profile, or the reverse';
  },
  // §4.2.1.12
  ({ extensions }, { input }) => {
    const extension = extensions.get(OID.extKeyUsage);
    const found = extension ? parseExtKeyUsage(extension.value) : [];
    const wanted = input.profile.extendedKeyUsage.map((purpose) => PURPOSES[purpose]);
    return found.join() === wanted.join() ? null : 'its extended key usage is not the profile’s';
  },
  // RFC 7633 §4.1
  ({ extensions }, { input }) => {
    const extension = extensions.get(OID.tlsFeature);
    const found = extension ? parseTlsFeatures(extension.value) : [];
    return found.join() === (input.tlsFeatures ?? []).join()
      ? null
      : 'its TLS features are not those asked for';
  },
  // RFC 6960 §4.2.2.2.1
  ({ extensions }, { input }) =>
    extensions.has(OID.ocspNoCheck) === input.profile.extendedKeyUsage.includes('OCSPSigning')
      ? null
      : 'it has id-pkix-ocsp-nocheck and is no OCSP responder, or the reverse',
  // RFC 9608 §2
  ({ extensions }, { input }) => {
    const none =
      input.profile.revocation === 'none' && !input.profile.extendedKeyUsage.includes('OCSPSigning');
    if (extensions.has(OID.noRevAvail) !== none)
      return 'it has noRevAvail against its profile, or the reverse';
    return none && extensions.has(OID.cRLDistributionPoints) ? 'it has noRevAvail and names a CRL' : null;
  },
  // §4.1.1.3: the most expensive, last
  (certificate, { issuerKey }) =>
    isSignedBy(certificate, issuerKey) ? null : 'its signature does not verify',
];

/** Parses the DER of a new certificate, checks it, and returns the parsed certificate. Pure. @throws LintError */
export function lint(der: Uint8Array, context: LintContext): ParsedCertificate {
  let findings: string[];
  try {
    const certificate = parseCertificate(der);
    findings = RULES.map((rule) => rule(certificate, context)).filter((finding) => finding !== null);
    if (findings.length === 0) return certificate;
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    findings = [error.message];
  }
  throw new LintError(findings);
}
