import { Refused } from '../model/refusal.js';
import { type CertificationRequest, parseCsr } from '../x509/csr.js';
import { DerError } from '../x509/der-error.js';
import { firstFromPem, toPem } from '../x509/pem.js';

/** A certification request, parsed and as PEM. */
export interface EstRequest extends CertificationRequest {
  der: Buffer;
  pem: string;
}

/**
 * RFC 8951 §3.1: the body is base64, with or without line breaks, whatever Content-Transfer-Encoding says. PEM is accepted
 * too, because some clients send it. @throws Refused invalidRequest
 */
export function readEstRequest(body: unknown): EstRequest {
  const text = body instanceof Buffer ? body.toString('latin1') : '';
  try {
    const der = text.includes('-----BEGIN')
      ? firstFromPem('CERTIFICATE REQUEST', newLabel(text))
      : fromBase64(text);
    return { ...parseCsr(der), der, pem: toPem('CERTIFICATE REQUEST', der) };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new Refused('invalidRequest', `the certification request is invalid: ${error.message}`);
  }
}

/** OpenSSL before 1.0 and Windows write "NEW CERTIFICATE REQUEST". */
const newLabel = (pem: string): string => pem.replaceAll('NEW CERTIFICATE REQUEST', 'CERTIFICATE REQUEST');

function fromBase64(text: string): Buffer {
  const base64 = text.replace(/[\r\n\t ]+/g, '');
  if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) {
    throw new DerError('the body must be base64 of a PKCS #10 request');
  }
  return Buffer.from(base64, 'base64');
}

/**
 * Base64 in lines of 64 characters: libest and `openssl base64 -d` cannot read a long text in one line. strongSwan cannot read
 * line breaks (RFC 8951 §3.1 asks for none); it is recognised by its missing User-Agent.
 */
export function toBase64(der: Uint8Array, userAgent: string | undefined): string {
  const text = Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64');
  return userAgent === undefined ? text : text.replace(/.{1,64}/g, '$&\n');
}
