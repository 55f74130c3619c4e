import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { setFreshness } from '../../http/caching.js';
import type { CertificateAuthority } from '../../model/ca.js';
import { CaLacksTask, CaRefused, CaUnavailable } from '../../model/ca.js';
import type { OcspAnswer } from '../../model/ca-status.js';
import { RETRY_AFTER } from '../../model/problem.js';
import { DerError } from '../../x509/der-error.js';
import { parseOcspRequest } from '../../x509/ocsp-request.js';
import { type OcspFailure, ocspFailure } from '../../x509/ocsp-response.js';
import { maxAge } from './freshness.js';

/** RFC 6960 §C.1, §C.2 */
export const OCSP_REQUEST_TYPE = 'application/ocsp-request';
export const OCSP_RESPONSE_TYPE = 'application/ocsp-response';

/** The responder for OCSP requests. */
export type Responder = Pick<CertificateAuthority, 'ocsp'>;

/** Limit of a request in octets; a request for a whole chain has less than 1 kB. */
const MAX_REQUEST = 8192;
/** OCSP over HTTP (RFC 6960 appendix A) at a path: POST, and GET with the request in the URL. */
export async function ocspRoutes(
  app: FastifyInstance,
  { path, responder }: { path: string; responder: Responder },
): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(OCSP_REQUEST_TYPE, { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.post(path, async (request, reply) =>
    reply.type(OCSP_RESPONSE_TYPE).send(await answerPost(responder, request.body, reply)),
  );
  app.get<{ Params: { '*': string } }>(`${path}/*`, async (request, reply) =>
    reply.type(OCSP_RESPONSE_TYPE).send(await answerGet(responder, request.params['*'], request, reply)),
  );
}

/** Answers a POST, which caches do not store. */
export async function answerPost(responder: Responder, body: unknown, reply: FastifyReply): Promise<Buffer> {
  const request = body instanceof Uint8Array ? body : new Uint8Array();
  const { response } = await answer(responder, request, reply);
  reply.header('cache-control', 'no-store');
  return response;
}

/** Answers a GET of `{path}/{base64 of the request}`, with caching headers (RFC 5019 §6.2). */
export async function answerGet(
  responder: Responder,
  base64: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Buffer> {
  const { response, fresh } = await answer(responder, fromUrl(base64), reply);
  if (fresh === null) {
    reply.header('cache-control', 'no-store');
    return response;
  }
  setFreshness(request, reply, {
    etag: createHash('sha1').update(response).digest('hex'),
    lastModified: fresh.thisUpdate,
    expires: fresh.nextUpdate,
    maxAge: maxAge(fresh.nextUpdate, Date.now()),
  });
  return response;
}

/**
 * Decodes base64 of a URL. It repairs the changes of proxies (`+` read as a space, an extra slash) and accepts missing padding.
 * Empty for invalid base64.
 */
function fromUrl(text: string): Buffer {
  const base64 = text.replaceAll(' ', '+').replace(/^\/+/, '');
  return Buffer.from(/^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? base64 : '', 'base64');
}

/** Returns failures as OCSP responses (RFC 6960 §2.3), because clients can read no other answer. */
async function answer(responder: Responder, request: Uint8Array, reply: FastifyReply): Promise<OcspAnswer> {
  try {
    if (request.length > MAX_REQUEST) return failed('malformedRequest');
    // A malformed request is refused here and never reaches the CA.
    parseOcspRequest(request);
    return await responder.ocsp(request);
  } catch (error) {
    if (error instanceof DerError) return failed('malformedRequest');
    // The CA of this RA has no OCSP responder.
    if (error instanceof CaLacksTask || error instanceof CaRefused) {
      return failed('unauthorized');
    }
    if (!(error instanceof CaUnavailable)) throw error;
    reply.header('retry-after', RETRY_AFTER);
    return failed('tryLater');
  }
}

function failed(failure: OcspFailure): OcspAnswer {
  return { response: ocspFailure(failure), fresh: null };
}
