import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuseUnknown } from '../http/failures.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The client certificate decides the answer, so pages of other sites may not read it. */
    certificateCounts?: boolean;
  }
}

/** The response headers that a page may read. */
const EXPOSED = 'Link, Location, Replay-Nonce, Retry-After';
/** Seconds for which a browser may cache a permission. */
const MAX_AGE = 86_400;

/**
 * RFC 8555 §6.1: ACME clients may be web pages of any site. Requests are signed, so a page cannot act for its visitor. Routes whose
 * answer depends on the client certificate are excluded.
 */
export function allowPages(acme: FastifyInstance): void {
  acme.addHook('onRequest', (request, reply, done) => {
    if (!request.routeOptions.config.certificateCounts) {
      reply.header('access-control-allow-origin', '*');
      // Only browsers get these headers, because some shell clients mistake any header with "location" for Location.
      if (request.headers.origin !== undefined) reply.header('access-control-expose-headers', EXPOSED);
    }
    done();
  });
  acme.setNotFoundHandler((request, reply) =>
    isPreflight(request) ? allow(reply) : refuseUnknown(request, reply),
  );
}

/** Answers a browser's preflight request, which asks whether a page may send a POST. */
function isPreflight({ method, url, headers, server }: FastifyRequest): boolean {
  if (method !== 'OPTIONS' || headers['access-control-request-method'] !== 'POST') return false;
  return server.allowedMethods(url.split('?', 1)[0] ?? '').includes('POST');
}

function allow(reply: FastifyReply): FastifyReply {
  return reply
    .code(204)
    .header('access-control-allow-methods', 'POST')
    .header('access-control-allow-headers', 'Content-Type')
    .header('access-control-max-age', MAX_AGE)
    .send();
}
