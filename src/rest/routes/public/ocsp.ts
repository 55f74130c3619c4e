import { z } from 'zod';
import { parseSerial } from '../../../channel/serial.js';
import { present } from '../../../lib/present.js';
import type { CertificateAuthority } from '../../../model/ca.js';
import { type ParsedCertificate, parseCertificate } from '../../../x509/certificate.js';
import { DerError } from '../../../x509/der-error.js';
import { firstFromPem } from '../../../x509/pem.js';
import { text, time } from '../../fields.js';
import {
  answerGet,
  answerPost,
  OCSP_REQUEST_TYPE,
  OCSP_RESPONSE_TYPE,
  type Responder,
} from '../../plain/ocsp.js';
import { FileAnswer, publicRoute, type Route } from '../../route.js';

/** The refusal of a long serial as a JSON number, which is a double and would be rounded. */
const error = 'write it as text: decimal digits, or hex';
const serial = z
  .union(
    [text('Decimal digits, or hex with 0x, colons or a letter', 64), z.int({ error }).positive({ error })],
    {
      error,
    },
  )
  .transform((value, context) => {
    const hex = parseSerial(String(value));
    if (hex !== null) return hex;
    context.issues.push({ code: 'custom', message: 'is not a serial number', input: value });
    return z.NEVER;
  });

/** Length of the base64 of the longest request; below the listener's limit for a request line and headers. */
const MAX_PATH = 10_924;

const certificate = text('The certificate, PEM', 32_768).transform((pem, context): ParsedCertificate => {
  try {
    return parseCertificate(firstFromPem('CERTIFICATE', pem));
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    context.issues.push({ code: 'custom', message: error.message, input: pem });
    return z.NEVER;
  }
});

const asked = z
  .strictObject({
    serial: serial.optional(),
    certificate: certificate.optional(),
    cert: certificate.optional(),
  })
  .refine((body) => Object.values(body).filter((value) => value !== undefined).length === 1, {
    error: 'give one of "serial" and "certificate"',
    path: ['serial'],
  });

/** The status of a certificate in JSON, and OCSP (RFC 6960) by POST of `application/ocsp-request` and by GET. */
export function ocspRoutes(ca: Pick<CertificateAuthority, 'status' | 'ocsp'>): Route[] {
  return [statusRoute(ca), ocspGetRoute(ca)];
}

function ocspGetRoute(ca: Responder): Route {
  return publicRoute('GET', '/public/ocsp/{request*}', {
    summary: 'OCSP by GET (RFC 6960 appendix A.1): the request in base64, URL-encoded.',
    query: z.object({}),
    params: z.strictObject({
      request: z.string().max(MAX_PATH).describe('Base64 of the DER of an OCSPRequest'),
    }),
    files: [OCSP_RESPONSE_TYPE],
    result: z.never(),
    async handle({ path, request, reply }) {
      return new FileAnswer(OCSP_RESPONSE_TYPE, await answerGet(ca, path.request, request, reply));
    },
  });
}

function statusRoute(ca: Pick<CertificateAuthority, 'status' | 'ocsp'>): Route {
  return publicRoute('POST', '/public/ocsp', {
    summary:
      'Whether a certificate is good, by its serial or the certificate itself (`cert` is another name for it). With Content-Type application/ocsp-request, OCSP (RFC 6960).',
    body: asked,
    files: [OCSP_RESPONSE_TYPE],
    result: z.object({
      status: z.enum(['good', 'revoked', 'expired', 'unknown']),
      serial: z.string().describe('Lower-case hex'),
      cn: z.string().optional(),
      revoke_reason: z.string().optional().describe('RFC 5280 §5.3.1 reason'),
      revoke_date: time.optional(),
    }),
    binary: {
      type: OCSP_REQUEST_TYPE,
      handle: async (body, reply) => new FileAnswer(OCSP_RESPONSE_TYPE, await answerPost(ca, body, reply)),
    },
    async handle({ body }) {
      const shown = body.certificate ?? body.cert;
      const answer = await ca.status(
        shown === undefined ? { serial: body.serial ?? '' } : { certificate: shown.der },
      );
      return {
        status: answer.status,
        serial: answer.serial,
        ...(answer.cn !== '' && { cn: answer.cn }),
        ...present({ revoke_reason: answer.reason, revoke_date: answer.revokedAt }),
      };
    },
  });
}
