import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Signer } from '../../x509/algorithms.js';
import { isSignedBy, issuerKeyId, parseCertificate } from '../../x509/certificate.js';
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
import { encodeExtension, KEY_USAGE, parseBasicConstraints, parseKeyUsage } from '../../x509/extensions.js';
import { type DistinguishedName, encodeName } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { keyIdentifier } from '../../x509/spki.js';
import { caConstraints } from '../issue/factory.js';

interface AuthorityFields {
  subject: DistinguishedName;
  /** Lower-case hex. */
  serial: string;
  notBefore: number;
  notAfter: number;
}

/** RFC 5280 §4.2.1.3: a CA signs certificates and CRLs, and nothing else. */
const CA_USAGE = namedBits([KEY_USAGE.indexOf('keyCertSign'), KEY_USAGE.indexOf('cRLSign')]);
const ANY_POLICY = '2.5.29.32.0';

/** DER of a self-signed root (RFC 5280 §3.2). */
export function createRoot(
  fields: AuthorityFields & Constrained & { spki: Uint8Array },
  signer: Signer,
): Promise<Buffer> {
  const { spki } = fields;
  const name = encodeName(fields.subject);
  return signAuthority(
    { ...fields, issuerName: name, issuerKeyId: keyIdentifier(spki) },
    signer,
    [],
    [encodeExtension(OID.basicConstraints, caConstraints(null), true), ...constraintsOf(fields)],
  );
}

interface Constrained {
  /** Value of the name constraints; undefined: unconstrained. */
  constraints?: Uint8Array | undefined;
}

/** RFC 5280 §4.2.1.10: must be critical. */
const constraintsOf = ({ constraints }: Constrained): Buffer[] =>
  constraints ? [encodeExtension(OID.nameConstraints, constraints, true)] : [];

/**
 * DER of an issuing CA under `issuer` (DER), with path length 0: it issues end-entity certificates only. No
 * extended key usage: programs apply it to everything issued below, so it would forbid what profiles offer.
 */
export function createIntermediate(
  fields: AuthorityFields &
    Constrained & {
      spki: Uint8Array;
      /** DER of the extensions that say where the root's CRL, certificate and OCSP responder are. */
      locations: readonly Buffer[];
    },
  issuer: Uint8Array,
  signer: Signer,
): Promise<Buffer> {
  const parent = parseCertificate(issuer);
  const end = Math.min(fields.notAfter, parent.notAfter);
  const issuerName = parent.subjectDer;
  return signAuthority(
    { ...fields, notAfter: end, issuerName, issuerKeyId: Buffer.from(issuerKeyId(parent), 'hex') },
    signer,
    fields.locations,
    [
      encodeExtension(OID.basicConstraints, caConstraints(0), true),
      encodeExtension(OID.certificatePolicies, sequence(sequence(oid(ANY_POLICY)))),
      ...constraintsOf(fields),
    ],
  );
}

function signAuthority(
  fields: AuthorityFields & { issuerName: Buffer; issuerKeyId: Uint8Array; spki: Uint8Array },
  signer: Signer,
  locations: readonly Buffer[],
  special: Buffer[],
): Promise<Buffer> {
  const facts = {
    ...fields,
    subject: encodeName(fields.subject),
    subjectKeyId: keyIdentifier(fields.spki),
  };
  return signTbs(facts, signer, special, locations);
}

interface TbsFacts extends Omit<AuthorityFields, 'subject'> {
  /** DER Names. */
  subject: Buffer;
  issuerName: Buffer;
  issuerKeyId: Uint8Array;
  subjectKeyId: Uint8Array;
  spki: Uint8Array;
}

async function signTbs(
  facts: TbsFacts,
  signer: Signer,
  special: Buffer[],
  locations: readonly Buffer[] = [],
): Promise<Buffer> {
  const extensions = sequence(
    ...special,
    encodeExtension(OID.keyUsage, CA_USAGE, true),
    encodeExtension(OID.subjectKeyIdentifier, octetString(facts.subjectKeyId)),
    encodeExtension(OID.authorityKeyIdentifier, encodeAuthorityKeyIdentifier(facts.issuerKeyId)),
    ...locations,
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

/**
 * DER of the cross-certificate by which one root certifies the key of another (DER), while both are valid.
 */
export function createCross(
  of: Uint8Array,
  { serial, notBefore, locations }: CrossFields,
  issuer: Uint8Array,
  signer: Signer,
): Promise<Buffer> {
  const [root, parent] = [parseCertificate(of), parseCertificate(issuer)];
  return signTbs(
    {
      serial,
      notBefore: Math.max(notBefore, parent.notBefore),
      notAfter: Math.min(root.notAfter, parent.notAfter),
      subject: root.subjectDer,
      issuerName: parent.subjectDer,
      issuerKeyId: Buffer.from(issuerKeyId(parent), 'hex'),
      subjectKeyId: Buffer.from(issuerKeyId(root), 'hex'),
      spki: root.spki,
    },
    signer,
    [
      encodeExtension(OID.basicConstraints, caConstraints(null), true),
      ...constraintsOf({ constraints: root.extensions.get(OID.nameConstraints)?.value }),
    ],
    locations,
  );
}

interface CrossFields extends Pick<AuthorityFields, 'serial' | 'notBefore'> {
  /** DER of the extensions that say where CRL, certificate and OCSP responder of the root that vouches are. */
  locations: readonly Buffer[];
}

/** A key and certificate that cannot serve as an authority. */
export class CaCertificateError extends Error {
  override readonly name = 'CaCertificateError';
}

/**
 * Checks that a certificate (DER) is a CA's, of this key (SubjectPublicKeyInfo) and, unless `now` is null, in time.
 * @throws CaCertificateError or DerError
 */
export function checkCaCertificate(der: Uint8Array, spki: Buffer, now: number | null): void {
  const certificate = parseCertificate(der);
  if (!certificate.spki.equals(spki)) throw new CaCertificateError('the CA certificate is not of the CA key');
  const constraints = certificate.extensions.get(OID.basicConstraints);
  if (!constraints || !parseBasicConstraints(constraints.value).ca) {
    throw new CaCertificateError('the certificate is not a CA certificate (basicConstraints CA:TRUE)');
  }
  const usage = certificate.extensions.get(OID.keyUsage);
  if (usage && !parseKeyUsage(usage.value).includes('keyCertSign')) {
    throw new CaCertificateError('the CA certificate may not sign certificates (keyUsage keyCertSign)');
  }
  if (now !== null && (now < certificate.notBefore || now > certificate.notAfter)) {
    throw new CaCertificateError('the CA certificate is not valid now');
  }
}

/** Whether a certificate (DER) is signed by its own key. */
export function isSelfSigned(der: Uint8Array): boolean {
  return isSignedBy(parseCertificate(der), publicKeyOf(der));
}

/** The public key of a certificate (DER). */
export function publicKeyOf(der: Uint8Array): KeyObject {
  return createPublicKey({ key: parseCertificate(der).spki, format: 'der', type: 'spki' });
}
