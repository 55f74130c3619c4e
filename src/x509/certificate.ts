import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readSignatureAlgorithm, verifySignature } from './algorithms.js';
import { DerError } from './der-error.js';
import { DerReader, sequenceIn } from './der-reader.js';
import {
  type Extension,
  parseAuthorityKeyIdentifier,
  parseExtKeyUsage,
  parseSubjectKeyIdentifier,
  readExtension,
  readTaggedExtensions,
} from './extensions.js';
import { type GeneralName, parseGeneralNames } from './general-names.js';
import { attributeOf, type DistinguishedName, parseName, readName } from './name.js';
import { OID } from './oids.js';
import { keyIdentifier } from './spki.js';
import { contextConstructed } from './tags.js';

/** RFC 5280 §4.1: a parsed certificate. Parsing does not verify the signature. */
export interface ParsedCertificate {
  der: Buffer;
  /** The signed part, DER. */
  tbs: Buffer;
  /** Lower-case hex, even length. */
  serial: string;
  issuer: DistinguishedName;
  subject: DistinguishedName;
  /** DER of the subject, unchanged: the issuer field of the certificates it signs must repeat these octets. */
  subjectDer: Buffer;
  commonName: string | null;
  notBefore: number;
  notAfter: number;
  /** DER SubjectPublicKeyInfo. Its strength is not checked. */
  spki: Buffer;
  extensions: Map<string, Extension>;
  signatureAlgorithm: string;
  signature: Buffer;
}

/** Reads a DER certificate strictly. @throws DerError */
export function parseCertificate(der: Uint8Array): ParsedCertificate {
  const what = 'certificate';
  const certificate = sequenceIn(der, what);
  const tbsElement = certificate.next();
  const tbs = new DerReader(tbsElement.bytes, what).sequence('TBSCertificate');
  if (tbs.peek() === contextConstructed(0)) {
    const version = tbs.enter(contextConstructed(0), 'version');
    if (version.smallInteger('version') > 2) throw new DerError('certificate: has an unknown version');
    version.end();
  }
  const serial = tbs.unsignedHex('serial number');
  const inner = readSignatureAlgorithm(tbs, 'certificate signature algorithm');
  const issuer = readName(tbs, 'certificate issuer');
  const validity = tbs.sequence('validity');
  const notBefore = validity.time('notBefore');
  const notAfter = validity.time('notAfter');
  validity.end();
  const subjectDer = tbs.expect(0x30, 'certificate subject').bytes;
  const subject = parseName(subjectDer, 'certificate subject');
  const spki = tbs.expect(0x30, 'certificate public key').bytes;
  tbs.optional(0x81);
  tbs.optional(0x82);
  const extensions = readTaggedExtensions(tbs, 3, 'certificate extensions');
  tbs.end();
  const signatureAlgorithm = readSignatureAlgorithm(certificate, 'certificate signature algorithm');
  // RFC 5280 §4.1.1.2: both fields must be equal.
  if (inner !== signatureAlgorithm) throw new DerError('certificate: names two signature algorithms');
  const signature = certificate.octetAlignedBits('certificate signature');
  certificate.end();
  return {
    der: Buffer.from(der.buffer, der.byteOffset, der.length),
    tbs: tbsElement.bytes,
    serial,
    issuer,
    subject,
    subjectDer,
    commonName: attributeOf(subject, OID.commonName),
    notBefore,
    notAfter,
    spki,
    extensions,
    signatureAlgorithm,
    signature,
  };
}

/** Subject alternative names; empty when the extension is absent. @throws DerError */
export function subjectAltNames(certificate: ParsedCertificate): GeneralName[] {
  return readExtension(certificate, OID.subjectAltName, parseGeneralNames) ?? [];
}

/** Authority key identifier, lower-case hex, or null. @throws DerError */
export function authorityKeyId(certificate: ParsedCertificate): string | null {
  return readExtension(certificate, OID.authorityKeyIdentifier, parseAuthorityKeyIdentifier);
}

/** Subject key identifier, lower-case hex, or null. @throws DerError */
export function subjectKeyId(certificate: ParsedCertificate): string | null {
  return readExtension(certificate, OID.subjectKeyIdentifier, parseSubjectKeyIdentifier);
}

/**
 * The authority key identifier for certificates and CRLs of this issuer, lower-case hex: its subject key identifier.
 * Roots of the Python CA have none; theirs is computed from the key (RFC 5280 §4.2.1.2 method 1).
 */
export function issuerKeyId(issuer: ParsedCertificate): string {
  return subjectKeyId(issuer) ?? keyIdentifier(issuer.spki).toString('hex');
}

/** Whether its purposes (RFC 5280 §4.2.1.12) include that of TLS servers. @throws DerError */
export function isForTlsServers(certificate: ParsedCertificate): boolean {
  return readExtension(certificate, OID.extKeyUsage, parseExtKeyUsage)?.includes(OID.serverAuth) ?? false;
}

/** base64url SHA-256 of the DER. */
export function certificateFingerprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url');
}

/** Verifies the certificate's signature with the issuer's key. */
export function isSignedBy(certificate: ParsedCertificate, issuerKey: KeyObject): boolean {
  return verifySignature(certificate.signatureAlgorithm, issuerKey, certificate.tbs, certificate.signature);
}

/**
 * Verifies a certificate (DER) with the key of another with any algorithm of OpenSSL: other CAs sign with
 * algorithms that `isSignedBy` does not accept.
 */
export function isVerifiedBy(der: Uint8Array, signer: Uint8Array): boolean {
  try {
    return new X509Certificate(der).verify(new X509Certificate(signer).publicKey);
  } catch {
    return false;
  }
}

/** The public key of a certificate. */
export function publicKeyOf({ spki }: ParsedCertificate): KeyObject {
  return createPublicKey({ key: spki, format: 'der', type: 'spki' });
}

/** A short name of a CA certificate (DER) for URLs and commands: the first 20 hex digits of its SHA-256. */
export function authorityId(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex').slice(0, 20);
}
