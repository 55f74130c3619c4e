import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../model/problem.js';

const ORIGIN = /^https?:\/\/([^/?#]*)/i;

/**
 * RFC 9112 §3.2.2: a request-target in absolute form is served like its path, and its authority replaces `Host`. Routes and §6.4 of
 * RFC 8555 know only paths.
 */
export function readAbsoluteForm(request: IncomingMessage): void {
  const { url = '' } = request;
  const [origin, authority] = ORIGIN.exec(url) ?? [];
  if (origin === undefined) return;
  const rest = url.slice(origin.length);
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  request.headers.host = authority;
}

/**
 * A target that the router can decode: an undecodable one is escaped. The router would answer it before any hook, and the answer would
 * lack what a protocol requires on every answer (RFC 8555 §6.5).
 */
export function routable({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  return isDecodable(url) ? url : url.replaceAll('%', '%25');
}

/** Refuses the targets that `routable` escaped. Runs after every onRequest hook, so that a refusal has the headers the protocol requires. */
export function refuseUndecodable(app: FastifyInstance): void {
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    if (request.originalUrl === request.url) return done();
    done(new Problem('malformed', 'the URL is not well-formed'));
  });
}

/** RFC 3986 §2.1 for the path, whose octets are UTF-8. */
function isDecodable(target: string): boolean {
  if (!target.includes('%')) return true;
  try {
    decodeURIComponent(target.split(/[?#]/, 1)[0] ?? '');
    return true;
  } catch {
    return false;
  }
}
