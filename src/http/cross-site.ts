import type { FastifyRequest } from 'fastify';

/**
 * Whether a browser sent the request for a page of another site (Fetch Metadata; RFC 6454 §7). Browsers add
 * client certificates on their own, so such a request does not prove its holder's intent. Programs send
 * neither header.
 * @param ownOrigin scheme, host and port the request was for
 */
export function isCrossSite(request: FastifyRequest, ownOrigin: string): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (origin !== undefined && origin !== ownOrigin) return true;
  // `same-site` is another host or port, perhaps of another operator.
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
