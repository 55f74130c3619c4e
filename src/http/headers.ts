import type { FastifyInstance } from 'fastify';
import { Problem } from '../model/problem.js';

/** Seconds; two years, as Mozilla's recommendation has it. */
const HSTS_AGE = 63_072_000;

export interface SecurityHeaders {
  /**
   * RFC 6797: browsers use HTTPS alone for this host name from then on, on every port. Only for a server at port 443, for
   * whatever else the host serves without TLS could no longer be reached.
   */
  strictTransport: boolean;
}

/** What every answer tells browsers: the type is as it says, and no page may frame it. */
export function tellBrowsers(app: FastifyInstance, { strictTransport }: SecurityHeaders): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('content-security-policy', "frame-ancestors 'none'");
    if (strictTransport) reply.header('strict-transport-security', `max-age=${HSTS_AGE}`);
    done();
  });
}

/** RFC 9112 §3.2: a request with two Host fields is refused, for two readers of it may each believe another one. */
export function refuseTwoHosts(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
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
