import type { FastifyReply, FastifyRequest } from 'fastify';

/** What caches and clients may know of an answer. */
export interface Freshness {
  /** Without quotes; another for every representation. */
  etag: string;
  /** Milliseconds since the epoch. */
  lastModified: number;
  /** No two answers were last modified in the same second. */
  datedApart?: boolean;
  /** Seconds it may be given again without asking. */
  maxAge: number;
  /** Milliseconds since the epoch; for caches that know no max-age. */
  expires: number;
}

/**
 * Tells caches how long an answer is good (RFC 9111 §5), and makes it a 304 for a client that has it already: what is
 * sent with that is counted and left out by Node. `If-Modified-Since` counts where no two answers have their second in common.
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
    // RFC 9110 §13.1.3: a date that cannot be read is passed over.
    if (Math.floor(lastModified / 1000) * 1000 <= Date.parse(since)) reply.code(304);
  }
}

/** RFC 9110 §13.1.2: weak comparison. */
function names(list: string, etag: string): boolean {
  return (
    list.trim() === '*' || list.split(',').some((each) => each.trim().replace(/^W\//, '') === `"${etag}"`)
  );
}
