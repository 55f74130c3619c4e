import type { FastifyInstance } from 'fastify';
import { Problem } from '../model/problem.js';

/** Seconds; two years, as Mozilla's recommendation has it. */
const HSTS_AGE = 63_072_000;

interface SecurityHeaders {
  /**
   * RFC 6797: browsers then use only HTTPS for this host name, on every port. Sent only by a server at port
   * 443: anything else the host serves without TLS would become unreachable.
   */
  strictTransport: boolean;
}

/** Sent with every answer: browsers must not guess its type and may not frame it. */
export function tellBrowsers(app: FastifyInstance, { strictTransport }: SecurityHeaders): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('content-security-policy', "frame-ancestors 'none'");
    if (strictTransport) reply.header('strict-transport-security', `max-age=${HSTS_AGE}`);
    done();
  });
}

/**
 * RFC 9112 §3.2: a request with two Host fields is refused, because two readers could each believe a
 * different one. Runs after every onRequest hook, so that the refusal has the headers the protocol requires.
 */
export function refuseTwoHosts(app: FastifyInstance): void {
  app.addHook('preParsing', (request, reply, _payload, done) => {
    if (!hasTwoHosts(request.raw.rawHeaders)) return done();
    reply.header('connection', 'close');
    done(new Problem('malformed', 'the request has more than one Host header field'));
  });
}

/** @param fields names and values by turns, as Node has them */
function hasTwoHosts(fields: readonly string[]): boolean {
  let hosts = 0;
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts > 1;
}

/** RFC 9110 §8.4: no route decodes a body, so a body in a coding would be read as what it is not. */
export function refuseCoded(app: FastifyInstance): void {
  app.addHook('preParsing', (request, reply, _payload, done) => {
    const coding = request.headers['content-encoding']?.trim().toLowerCase();
    if (coding === undefined || coding === '' || coding === 'identity') return done();
    // §12.5.3: how the client should send it.
    reply.header('accept-encoding', 'identity');
    done(new Problem('malformed', 'the body has a Content-Encoding; send it as it is', { status: 415 }));
  });
}
