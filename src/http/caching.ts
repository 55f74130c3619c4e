import type { FastifyReply, FastifyRequest } from 'fastify';

/** The caching headers of a response. */
interface Freshness {
  /** Without quotes; different for every representation. */
  etag: string;
  /** Milliseconds since the epoch. */
  lastModified: number;
  /** True when no two answers share the second of their last modification. */
  datedApart?: boolean;
  /** Seconds for which the answer may be reused without revalidation. */
  maxAge: number;
  /** Milliseconds since the epoch; for caches that know no max-age. */
  expires: number;
}

/**
 * Sets the caching headers (RFC 9111 §5), and the status 304 for a client that has the current answer; Node
 * then sends no body. `If-Modified-Since` is used only if no two answers share a second.
 */
export function setFreshness(request: FastifyRequest, reply: FastifyReply, freshness: Freshness): void {
  const { etag, lastModified, maxAge, expires } = freshness;
  reply
    .header('etag', `"${etag}"`)
    .header('last-modified', new Date(lastModified).toUTCString())
    .header('expires', new Date(expires).toUTCString())
    // RFC 5019 §6.2
    .header('cache-control', `max-age=${maxAge}, public, no-transform, must-revalidate`);
  const { 'if-none-match': known, 'if-modified-since': since } = request.headers;
  if (known !== undefined) {
    if (names(known, etag)) reply.code(304);
  } else if (since !== undefined && freshness.datedApart) {
    // Only our own date counts. Some clients send when they downloaded, which is later than the date of an answer that replaced
    // theirs, because that is backdated. RFC 9110 §13.1.3 lets a server send the answer anyway.
    if (Math.floor(lastModified / 1000) * 1000 === Date.parse(since)) reply.code(304);
  }
}

/** RFC 9110 §13.1.2: weak comparison. */
function names(list: string, etag: string): boolean {
  return (
    list.trim() === '*' || list.split(',').some((each) => each.trim().replace(/^W\//, '') === `"${etag}"`)
  );
}
