import { DerError, unlessMalformed } from './der-error.js';
import { DerReader, octetStringIn, sequenceIn } from './der-reader.js';
import { type Extension, readTaggedExtensions } from './extensions.js';
import { OID } from './oids.js';
import { contextConstructed, TAG } from './tags.js';

/** Hash algorithms of a CertID, by their names in node:crypto. */
export const CERT_ID_HASHES = ['sha1', 'sha256', 'sha384', 'sha512'] as const;
export type CertIdHash = (typeof CERT_ID_HASHES)[number];

/** RFC 6960 §4.1.1: identifies the certificate in question. */
export interface CertId {
  /** DER from the request; the response repeats it octet for octet. */
  der: Buffer;
  /** Null for an unsupported hash, by which no issuer can be found. */
  hash: CertIdHash | null;
  issuerNameHash: Buffer;
  issuerKeyHash: Buffer;
  /** Lower-case hex, even length. */
  serial: string;
}

export interface OcspRequest {
  /** At least one. */
  certIds: CertId[];
  /** The value of the nonce extension, which the response repeats octet for octet; null without the extension. */
  nonce: Buffer | null;
}

/** RFC 9654 §2.1: servers must accept up to 128 octets. */
const MAX_NONCE = 128;

/**
 * Reads a DER OCSPRequest (RFC 6960 §4.1.1). Ignores the requestor name and a signature, as §4.1.2 permits, and every
 * non-critical extension (§4.4) except the nonce.
 * @throws DerError
 */
export function parseOcspRequest(der: Uint8Array): OcspRequest {
  const what = 'OCSP request';
  const request = sequenceIn(der, what);
  const tbs = request.sequence('TBSRequest');
  request.optional(contextConstructed(0));
  request.end();
  if (tbs.peek() === contextConstructed(0)) {
    const version = tbs.enter(contextConstructed(0), 'OCSP version');
    if (version.smallInteger('OCSP version') !== 0) throw new DerError('OCSP version: is not 1');
    version.end();
  }
  tbs.optional(contextConstructed(1));
  const list = tbs.sequence('requestList');
  const certIds: CertId[] = [];
  while (!list.done) certIds.push(readRequest(list));
  if (certIds.length === 0) throw new DerError('requestList: is empty');
  const nonce = readNonce(readTaggedExtensions(tbs, 2, 'requestExtensions'));
  tbs.end();
  return { certIds, nonce };
}

function readRequest(list: DerReader): CertId {
  const request = list.sequence('Request');
  const certId = readCertId(request.expect(TAG.sequence, 'CertID').bytes);
  refuseCritical(readTaggedExtensions(request, 0, 'singleRequestExtensions'));
  request.end();
  return certId;
}

function readCertId(der: Buffer): CertId {
  const reader = new DerReader(der, 'CertID').sequence('CertID');
  const algorithm = reader.sequence('hashAlgorithm');
  const identifier = algorithm.oid('hashAlgorithm');
  // RFC 5754 §2: absent or NULL.
  const parameters = algorithm.optional(TAG.null);
  if (parameters && parameters.content.length > 0) throw algorithm.fail('has parameters that are not NULL');
  algorithm.end();
  const issuerNameHash = reader.expect(TAG.octetString, 'issuerNameHash').content;
  const issuerKeyHash = reader.expect(TAG.octetString, 'issuerKeyHash').content;
  const serial = reader.unsignedHex('serialNumber');
  reader.end();
  return {
    der,
    hash: CERT_ID_HASHES.find((each) => OID[each] === identifier) ?? null,
    issuerNameHash,
    issuerKeyHash,
    serial,
  };
}

function readNonce(extensions: Map<string, Extension>): Buffer | null {
  const extension = extensions.get(OID.ocspNonce);
  extensions.delete(OID.ocspNonce);
  refuseCritical(extensions);
  if (extension === undefined) return null;
  // RFC 9654 §2.1: the nonce is an OCTET STRING in the extension; clients older than RFC 8954 write its octets only.
  const nonce = unlessMalformed(() => octetStringIn(extension.value, 'nonce')) ?? extension.value;
  const { length } = nonce;
  if (length === 0 || length > MAX_NONCE) throw new DerError(`nonce: is not 1 to ${MAX_NONCE} octets`);
  return extension.value;
}

/** §4.4: an unknown extension is ignored unless it is critical. */
function refuseCritical(extensions: ReadonlyMap<string, Extension>): void {
  for (const { oid, critical } of extensions.values()) {
    if (critical) throw new DerError(`OCSP request: has critical extension ${oid}`);
  }
}
