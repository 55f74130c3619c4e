import { createHash, verify, X509Certificate } from 'node:crypto';
import * as pkijs from 'pkijs';
import { der } from '../../tools/kit/csr.js';

/** An OCSP client, independent of the product's codec so that the two check each other. */

const SEQUENCE = 0x30;
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const octets = (...content: Uint8Array[]) => der(0x04, ...content);
const HASH_OIDS = {
  sha1: '2b0e03021a',
  sha224: '608648016503040204',
  sha256: '608648016503040201',
  sha384: '608648016503040202',
  sha512: '608648016503040203',
};
const NONCE = '2b0601050507300102';

export type HashName = keyof typeof HASH_OIDS;

/** DER of one Extension. */
export function ocspExtension(oidHex: string, value: Uint8Array, critical = false): Buffer {
  return der(SEQUENCE, oid(oidHex), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), octets(value));
}

export const nonceExtension = (nonce: Uint8Array): Buffer => ocspExtension(NONCE, octets(nonce));

/** DER of a CertID for a serial (hex) of an issuer (DER certificate). */
export function certId(issuer: Uint8Array, serial: string, hash: HashName = 'sha1'): Buffer {
  const certificate = pkijs.Certificate.fromBER(issuer);
  const digest = (bytes: Uint8Array) => createHash(hash).update(bytes).digest();
  return der(
    SEQUENCE,
    der(SEQUENCE, oid(HASH_OIDS[hash]), der(0x05)),
    octets(digest(new Uint8Array(certificate.subject.valueBeforeDecode))),
    octets(digest(certificate.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView)),
    der(0x02, Buffer.from(/^[89a-f]/.test(serial) ? `00${serial}` : serial, 'hex')),
  );
}

/** DER of an OCSPRequest for these CertIDs. */
export function ocspRequest(
  certIds: readonly Uint8Array[],
  more: { nonce?: Uint8Array; extensions?: Uint8Array[]; before?: Uint8Array[]; signature?: Uint8Array } = {},
): Buffer {
  const extensions = [...(more.nonce ? [nonceExtension(more.nonce)] : []), ...(more.extensions ?? [])];
  const tbs = der(
    SEQUENCE,
    ...(more.before ?? []),
    der(SEQUENCE, ...certIds.map((each) => der(SEQUENCE, each))),
    ...(extensions.length > 0 ? [der(0xa2, der(SEQUENCE, ...extensions))] : []),
  );
  return der(SEQUENCE, tbs, ...(more.signature ? [der(0xa0, more.signature)] : []));
}

export interface OcspFacts {
  responseStatus: number;
  answers: {
    serial: string;
    status: 'good' | 'revoked' | 'unknown';
    thisUpdate: number;
    nextUpdate: number;
    revokedAt: number | null;
    reason: number | null;
  }[];
  producedAt: number;
  /** Hex. */
  nonce: string | null;
  responder: X509Certificate;
}

/** The responseStatus of an error response, for example 1 for malformedRequest. */
export function ocspStatus(response: Uint8Array): number {
  return pkijs.OCSPResponse.fromBER(response).responseStatus.valueBlock.valueDec;
}

/**
 * Reads a successful response as a client must (RFC 6960 §3.2): signed by a responder that the issuer delegated to.
 * @throws Error for any other response
 */
export function readOcsp(response: Uint8Array, issuer: Uint8Array): OcspFacts {
  const outer = pkijs.OCSPResponse.fromBER(response);
  const responseStatus = outer.responseStatus.valueBlock.valueDec;
  if (!outer.responseBytes) throw new Error(`the response has status ${responseStatus} and no more`);
  const basic = pkijs.BasicOCSPResponse.fromBER(outer.responseBytes.response.valueBlock.valueHexView);
  const [certificate] = basic.certs ?? [];
  if (!certificate) throw new Error('the response holds no responder certificate');
  const responder = new X509Certificate(Buffer.from(certificate.toSchema().toBER()));
  checkResponder(responder, certificate, issuer);
  const { tbsResponseData: data, signature } = basic;
  if (!verify('sha256', data.tbsView, responder.publicKey, signature.valueBlock.valueHexView))
    throw new Error('the signature does not verify');
  const bits = certificate.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
  const keyHash = createHash('sha1').update(bits).digest();
  if (!keyHash.equals(Buffer.from(data.responderID.valueBlock.valueHexView)))
    throw new Error('the response names another responder');
  const nonce = data.responseExtensions?.find(({ extnID }) => extnID === '1.3.6.1.5.5.7.48.1.2');
  return {
    responseStatus,
    producedAt: data.producedAt.getTime(),
    nonce: nonce ? Buffer.from(nonce.extnValue.valueBlock.valueHexView.subarray(2)).toString('hex') : null,
    responder,
    answers: data.responses.map(({ certID, certStatus, thisUpdate, nextUpdate }) => {
      const status = (['good', 'revoked', 'unknown'] as const)[certStatus.idBlock.tagNumber];
      if (!status || !nextUpdate) throw new Error('an answer has no status or no nextUpdate');
      const [revokedAt, reason] = certStatus.valueBlock.value ?? [];
      return {
        serial: Buffer.from(certID.serialNumber.valueBlock.valueHexView).toString('hex').replace(/^00/, ''),
        status,
        thisUpdate: thisUpdate.getTime(),
        nextUpdate: nextUpdate.getTime(),
        revokedAt: revokedAt ? revokedAt.toDate().getTime() : null,
        reason: reason ? reason.valueBlock.value[0].valueBlock.valueDec : null,
      };
    }),
  };
}

/** RFC 6960 §4.2.2.2: issued by the CA itself, for OCSP signing, and not to be checked by OCSP in turn. */
function checkResponder(responder: X509Certificate, parsed: pkijs.Certificate, issuer: Uint8Array): void {
  const ca = new X509Certificate(issuer);
  if (!responder.checkIssued(ca) || !responder.verify(ca.publicKey))
    throw new Error('the responder is not issued by the CA');
  if (!responder.keyUsage?.includes('1.3.6.1.5.5.7.3.9')) throw new Error('the responder may not sign OCSP');
  if (!parsed.extensions?.some(({ extnID }) => extnID === '1.3.6.1.5.5.7.48.1.5'))
    throw new Error('the responder has no id-pkix-ocsp-nocheck');
}
