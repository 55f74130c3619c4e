import { DAY } from '../../lib/time.js';
import type { Signer } from '../../x509/algorithms.js';
import {
  isSignedBy,
  issuerKeyId,
  type ParsedCertificate,
  parseCertificate,
  publicKeyOf,
} from '../../x509/certificate.js';
import { encodeAuthorityKeyIdentifier } from '../../x509/crl.js';
import {
  bitString,
  explicit,
  integer,
  integerFromHex,
  namedBits,
  octetString,
  oid,
  sequence,
  time,
} from '../../x509/der-writer.js';
import {
  encodeExtension,
  KEY_USAGE,
  parseBasicConstraints,
  parseKeyUsage,
  readExtension,
} from '../../x509/extensions.js';
import { type DistinguishedName, encodeName } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { keyIdentifier } from '../../x509/spki.js';
import { BACKDATE, caConstraints, newSerial } from '../issue/factory.js';

interface AuthorityFields {
  subject: DistinguishedName;
  /** Lower-case hex. */
  serial: string;
  notBefore: number;
  notAfter: number;
  spki: Uint8Array;
  /** Value of the name constraints; undefined: unconstrained. */
  constraints?: Uint8Array | undefined;
}

interface Located {
  /** DER of the extensions with the URLs of the CRL, certificate and OCSP responder of the signing root. */
  locations: readonly Buffer[];
}

/** The lifetime of the profile `ca`, in ms. */
export const ROOT_LIFE = 3650 * DAY;
/** An issuer lives half as long as a root, so that its successor overlaps. */
export const ISSUER_LIFE = 1825 * DAY;

/** A random serial and the validity of a CA certificate that is made now. */
export function freshFields(
  now: number,
  life: number,
  random: (bytes: number) => Buffer,
): Pick<AuthorityFields, 'serial' | 'notBefore' | 'notAfter'> {
  return { serial: newSerial(random), notBefore: now - BACKDATE, notAfter: now + life };
}

/** DER of a self-signed root (RFC 5280 §3.2). */
export function createRoot(fields: AuthorityFields, signer: Signer): Promise<Buffer> {
  const subject = encodeName(fields.subject);
  const keyId = keyIdentifier(fields.spki);
  const names = { subject, subjectKeyId: keyId, issuerName: subject, issuerKeyId: keyId };
  return signed({ ...fields, ...names, pathLength: null, locations: [] }, signer);
}

/**
 * DER of an issuing CA under `issuer` (DER), with path length 0: it issues end-entity certificates only. It
 * has no extended key usage: programs apply that to every certificate below, so it would forbid purposes that
 * profiles offer.
 */
export function createIntermediate(
  fields: AuthorityFields & Located,
  issuer: Uint8Array,
  signer: Signer,
): Promise<Buffer> {
  const parent = parseCertificate(issuer);
  const facts = {
    ...fields,
    ...issuedBy(parent),
    notAfter: Math.min(fields.notAfter, parent.notAfter),
    subject: encodeName(fields.subject),
    subjectKeyId: keyIdentifier(fields.spki),
    pathLength: 0,
  };
  return signed(facts, signer);
}

/**
 * DER of the cross-certificate by which one root certifies the key of another (DER), while both are valid.
 */
export function createCross(
  of: Uint8Array,
  fields: Pick<AuthorityFields, 'serial' | 'notBefore'> & Located,
  issuer: Uint8Array,
  signer: Signer,
): Promise<Buffer> {
  const [root, parent] = [parseCertificate(of), parseCertificate(issuer)];
  const facts = {
    ...fields,
    ...issuedBy(parent),
    notBefore: Math.max(fields.notBefore, parent.notBefore),
    notAfter: Math.min(root.notAfter, parent.notAfter),
    subject: root.subjectDer,
    subjectKeyId: Buffer.from(issuerKeyId(root), 'hex'),
    spki: root.spki,
    pathLength: null,
    constraints: nameConstraintsOf(root),
  };
  return signed(facts, signer);
}

const issuedBy = (parent: ParsedCertificate) => ({
  issuerName: parent.subjectDer,
  issuerKeyId: Buffer.from(issuerKeyId(parent), 'hex'),
});

interface TbsFacts extends Omit<AuthorityFields, 'subject'>, Located {
  /** DER Names. */
  subject: Buffer;
  issuerName: Buffer;
  issuerKeyId: Uint8Array;
  subjectKeyId: Uint8Array;
  /** Null for a root, whose path length is open. */
  pathLength: number | null;
}

async function signed(facts: TbsFacts, signer: Signer): Promise<Buffer> {
  const { pathLength, constraints } = facts;
  const extensions = sequence(
    encodeExtension(OID.basicConstraints, caConstraints(pathLength), true),
    ...(pathLength === null ? [] : [encodeExtension(OID.certificatePolicies, ANY_POLICY)]),
    // RFC 5280 §4.2.1.10: must be critical.
    ...(constraints ? [encodeExtension(OID.nameConstraints, constraints, true)] : []),
    CA_KEY_USAGE,
    encodeExtension(OID.subjectKeyIdentifier, octetString(facts.subjectKeyId)),
    encodeExtension(OID.authorityKeyIdentifier, encodeAuthorityKeyIdentifier(facts.issuerKeyId)),
    ...facts.locations,
  );
  const tbs = sequence(
    explicit(0, integer(2)),
    integerFromHex(facts.serial),
    signer.algorithm,
    facts.issuerName,
    sequence(time(facts.notBefore), time(facts.notAfter)),
    facts.subject,
    facts.spki,
    explicit(3, extensions),
  );
  return sequence(tbs, signer.algorithm, bitString(await signer.sign(tbs)));
}

/** RFC 5280 §4.2.1.3: a CA signs certificates and CRLs, and nothing else. DER of the extension. */
export const CA_KEY_USAGE = encodeExtension(
  OID.keyUsage,
  namedBits([KEY_USAGE.indexOf('keyCertSign'), KEY_USAGE.indexOf('cRLSign')]),
  true,
);
/** RFC 5280 §4.2.1.4: one PolicyInformation with the OID anyPolicy. */
const ANY_POLICY = sequence(sequence(oid('2.5.29.32.0')));

/** Value of a certificate's name constraints; undefined when it has none. */
export function nameConstraintsOf({ extensions }: ParsedCertificate): Buffer | undefined {
  return extensions.get(OID.nameConstraints)?.value;
}

/** A key and certificate that cannot serve as a CA. */
export class CaCertificateError extends Error {
  override readonly name = 'CaCertificateError';
}

/**
 * Checks that a certificate (DER) is a CA certificate of this key (SubjectPublicKeyInfo) and, unless `now` is
 * null, valid.
 * @throws CaCertificateError or DerError
 */
export function checkCaCertificate(der: Uint8Array, spki: Buffer, now: number | null): void {
  const certificate = parseCertificate(der);
  if (!certificate.spki.equals(spki)) throw new CaCertificateError('the CA certificate is not of the CA key');
  if (!readExtension(certificate, OID.basicConstraints, parseBasicConstraints)?.ca) {
    throw new CaCertificateError('the certificate is not a CA certificate (basicConstraints CA:TRUE)');
  }
  const usage = readExtension(certificate, OID.keyUsage, parseKeyUsage);
  if (usage && !usage.includes('keyCertSign')) {
    throw new CaCertificateError('the CA certificate may not sign certificates (keyUsage keyCertSign)');
  }
  if (now !== null && (now < certificate.notBefore || now > certificate.notAfter)) {
    throw new CaCertificateError('the CA certificate is not valid now');
  }
}

/** Whether a certificate (DER) is signed by its own key. */
export function isSelfSigned(der: Uint8Array): boolean {
  const certificate = parseCertificate(der);
  return isSignedBy(certificate, publicKeyOf(certificate));
}
