import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuseUnknown } from '../http/failures.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A client certificate decides over the answer: no page of another site may read it. */
    certificateCounts?: boolean;
  }
}

/** What a page may read of an answer beside its body. */
const EXPOSED = 'Link, Location, Replay-Nonce, Retry-After';
/** Seconds a browser may remember a permission. */
const MAX_AGE = 86_400;

/**
 * RFC 8555 §6.1: ACME clients may be pages of any site. Their requests prove themselves by signatures, so that no page can
 * do anything in the name of who looks at it; what a client certificate decides is left out.
 */
export function allowPages(acme: FastifyInstance): void {
  acme.addHook('onRequest', (request, reply, done) => {
    if (!request.routeOptions.config.certificateCounts) {
      reply.header('access-control-allow-origin', '*');
      // Only to pages: clients made of shell take every header that has "location" in it for the Location.
      if (request.headers.origin !== undefined) reply.header('access-control-expose-headers', EXPOSED);
    }
    done();
  });
  acme.setNotFoundHandler((request, reply) =>
    isPreflight(request) ? allow(reply) : refuseUnknown(request, reply),
  );
}

/** A browser asks whether a page may send a POST here. */
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
