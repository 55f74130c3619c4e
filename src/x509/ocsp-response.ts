import { bitString, encode, explicit, generalizedTime, octetString, oid, sequence } from './der-writer.js';
import { encodeExtension } from './extensions.js';
import { OID } from './oids.js';
import { contextConstructed, contextPrimitive, TAG } from './tags.js';

/** RFC 6960 §4.2.1 OCSPResponseStatus: the values the responder uses. */
export const OCSP_STATUS = {
  successful: 0,
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  unauthorized: 6,
} as const;
export type OcspFailure = Exclude<keyof typeof OCSP_STATUS, 'successful'>;

/** §2.2: the certificate's status. The time is in ms, the reason an RFC 5280 §5.3.1 code. */
export type CertStatus =
  | { status: 'good' | 'unknown' }
  | { status: 'revoked'; revokedAt: number; reason: number | null };

/** §4.2.1: the status of one certificate. */
interface SingleResponse {
  /** DER, copied from the request. */
  certId: Uint8Array;
  status: CertStatus;
  thisUpdate: number;
  nextUpdate: number;
}

interface ResponseData {
  /** SHA-1 of the responder's public key bits: the responder id by key, the shorter form (RFC 5019 §2.2.1). */
  responderKeyHash: Uint8Array;
  producedAt: number;
  responses: readonly SingleResponse[];
  /** The value of the request's nonce extension, repeated octet for octet (§4.4.1). */
  nonce: Uint8Array | null;
}

/** DER of an error response (§2.3): a status only, unsigned. */
export function ocspFailure(status: OcspFailure): Buffer {
  return sequence(responseStatus(OCSP_STATUS[status]));
}

/** DER of the part that is signed. */
export function encodeResponseData(data: ResponseData): Buffer {
  const nonce =
    data.nonce === null ? [] : [explicit(1, sequence(encodeExtension(OID.ocspNonce, data.nonce)))];
  return sequence(
    explicit(2, octetString(data.responderKeyHash)),
    generalizedTime(data.producedAt),
    sequence(...data.responses.map(encodeSingleResponse)),
    ...nonce,
  );
}

/**
 * DER of a successful OCSPResponse.
 * @param algorithm DER AlgorithmIdentifier of the signature
 * @param certificate DER of the responder's certificate, for clients that have only the issuer's certificate
 */
export function encodeOcspResponse(
  responseData: Uint8Array,
  algorithm: Uint8Array,
  signature: Uint8Array,
  certificate: Uint8Array,
): Buffer {
  const basic = sequence(responseData, algorithm, bitString(signature), explicit(0, sequence(certificate)));
  const responseBytes = sequence(oid(OID.ocspBasic), octetString(basic));
  return sequence(responseStatus(OCSP_STATUS.successful), explicit(0, responseBytes));
}

const responseStatus = (code: number): Buffer => encode(TAG.enumerated, Buffer.from([code]));

function encodeSingleResponse({ certId, status, thisUpdate, nextUpdate }: SingleResponse): Buffer {
  return sequence(
    certId,
    encodeStatus(status),
    generalizedTime(thisUpdate),
    explicit(0, generalizedTime(nextUpdate)),
  );
}

function encodeStatus(status: CertStatus): Buffer {
  if (status.status !== 'revoked') return encode(contextPrimitive(status.status === 'good' ? 0 : 2));
  const { revokedAt, reason } = status;
  // Reason 0 is left out, as in a CRL (RFC 5280 §5.3.1).
  const why = reason ? [explicit(0, encode(TAG.enumerated, Buffer.from([reason])))] : [];
  return encode(contextConstructed(1), generalizedTime(revokedAt), ...why);
}
