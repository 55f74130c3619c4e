import type { KeySigner, Signer } from './algorithms.js';
import { isAcceptedSignature, readSignatureAlgorithm, verifySignature } from './algorithms.js';
import { DerError } from './der-error.js';
import { DerReader } from './der-reader.js';
import { bitString, encode, integer, oid, sequence, set } from './der-writer.js';
import {
  type Extension,
  encodeExtension,
  parseBasicConstraints,
  parseTlsFeatures,
  readExtensions,
} from './extensions.js';
import { encodeGeneralNames, type GeneralName, parseGeneralNames } from './general-names.js';
import { type DistinguishedName, encodeName, readName } from './name.js';
import { OID } from './oids.js';
import { type PublicKeyInfo, parsePublicKey } from './spki.js';
import { contextConstructed, TAG } from './tags.js';

/** RFC 2986: a certification request whose signature was verified. */
export interface CertificationRequest {
  subject: DistinguishedName;
  /** First non-empty CN of the subject, or null. */
  commonName: string | null;
  publicKey: PublicKeyInfo;
  /** Requested subjectAltName, in the request's order. */
  names: GeneralName[];
  /** Requested extensions by oid. */
  extensions: Map<string, Extension>;
  /** The request asks to be a CA (RFC 5280 §4.2.1.9). */
  asksForCa: boolean;
  /** Requested TLS features (RFC 7633), such as must-staple; empty without the extension. */
  tlsFeatures: number[];
}

/**
 * Reads a DER PKCS #10 request and verifies its signature: made with the request's own key, and not with SHA-1 or MD5.
 * @throws DerError (KeyError for an unacceptable key)
 */
export function parseCsr(der: Uint8Array): CertificationRequest {
  const what = 'CSR';
  const outer = new DerReader(der, what);
  const request = outer.sequence(what);
  outer.end();
  const infoBytes = request.next();
  const info = new DerReader(infoBytes.bytes, what).sequence('CSR info');
  // RFC 2986 §4.1 defines version 0 only; old certbots and Ruby's OpenSSL write 2 or 1 for the same format.
  if (info.smallInteger('CSR version') > 2) throw new DerError('CSR version: is not known');
  const subject = readName(info, 'CSR subject');
  const spki = info.expect(TAG.sequence, 'CSR public key').bytes;
  const extensions = readAttributes(info);
  info.end();
  const algorithm = readSignatureAlgorithm(request, 'CSR signature algorithm');
  const signature = request.octetAlignedBits('CSR signature');
  request.end();
  if (!isAcceptedSignature(algorithm)) throw new DerError('CSR signature algorithm: is not accepted');
  const publicKey = parsePublicKey(spki);
  if (!verifySignature(algorithm, publicKey.key, infoBytes.bytes, signature)) {
    throw new DerError('CSR signature: is not valid for the key in the request');
  }
  const san = extensions.get(OID.subjectAltName);
  const constraints = extensions.get(OID.basicConstraints);
  const features = extensions.get(OID.tlsFeature);
  return {
    subject,
    commonName: commonNames(subject)[0] ?? null,
    publicKey,
    names: san ? parseGeneralNames(san.value, 'CSR subjectAltName') : [],
    extensions,
    asksForCa: constraints ? parseBasicConstraints(constraints.value).ca : false,
    tlsFeatures: features ? parseTlsFeatures(features.value) : [],
  };
}

/** Common names of a subject, in order. Empty ones (`CN=`) are left out. */
export function commonNames(subject: DistinguishedName): string[] {
  const named = subject.flat().filter(({ type, value }) => type === OID.commonName && value !== '');
  return named.map(({ value }) => value);
}

/**
 * The extensions in the attributes (RFC 2986 §4.1). All extension requests count, as in Go, so that no name can hide in a second one;
 * together they have an extension once. Other attributes are ignored.
 */
function readAttributes(info: DerReader): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  if (info.done) return extensions;
  const attributes = info.enter(contextConstructed(0), 'CSR attributes');
  while (!attributes.done) {
    const attribute = attributes.sequence('CSR attribute');
    if (attribute.oid('CSR attribute') !== OID.extensionRequest) continue;
    const values = attribute.enter(TAG.set, 'CSR attribute');
    attribute.end();
    while (!values.done) {
      for (const [identifier, extension] of readExtensions(values, 'CSR extensions')) {
        if (extensions.has(identifier)) throw new DerError(`CSR extensions: have ${identifier} twice`);
        extensions.set(identifier, extension);
      }
    }
  }
  return extensions;
}

/** Makes and signs a DER request, for `upki ra register` and for renewal. */
export function createCsr(request: RequestFields & { signer: KeySigner }): Buffer {
  const info = requestInfo(request);
  return sequence(info, request.signer.algorithm, bitString(request.signer.sign(info)));
}

/** Like `createCsr`, for a key that may be in a token. */
export async function createCsrLater(request: RequestFields & { signer: Signer }): Promise<Buffer> {
  const info = requestInfo(request);
  return sequence(info, request.signer.algorithm, bitString(await request.signer.sign(info)));
}

interface RequestFields {
  subject: DistinguishedName;
  names: readonly { type: 'dns' | 'ip' | 'email' | 'uri'; value: string }[];
  /** DER SubjectPublicKeyInfo of the signer's key. */
  spki: Uint8Array;
  /** DER of further requested extensions. */
  extensions?: readonly Uint8Array[];
}

function requestInfo(request: RequestFields): Buffer {
  const san =
    request.names.length > 0 ? [encodeExtension(OID.subjectAltName, encodeGeneralNames(request.names))] : [];
  const asked = [...san, ...(request.extensions ?? [])];
  const attributes = asked.length > 0 ? [sequence(oid(OID.extensionRequest), set(sequence(...asked)))] : [];
  return sequence(
    integer(0),
    encodeName(request.subject),
    request.spki,
    encode(contextConstructed(0), ...attributes),
  );
}
