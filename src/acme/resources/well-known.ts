import { isIPv6 } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../../model/problem.js';
import type { RegistrationAuthority } from '../../ra/registration-authority.js';
import { ipFromBytes, ipToBytes } from '../../x509/ip-address.js';

interface WellKnownOptions {
  ra: Pick<RegistrationAuthority, 'authorizations'>;
}

/**
 * RFC 8555 §8.3: serves the key authorization of a pending http-01 challenge at the challenge's name, so that names
 * whose address is the RA need no web server. Only names that the operator listed are served (docs/names.md).
 */
export async function wellKnownRoutes(app: FastifyInstance, { ra }: WellKnownOptions): Promise<void> {
  app.get<{ Params: { token: string } }>('/.well-known/acme-challenge/:token', async (request, reply) => {
    const host = hostWithoutPort(request.headers.host);
    const keyAuthorization =
      host === null ? null : await ra.authorizations.httpChallengeResponse(request.params.token, host);
    if (keyAuthorization === null) {
      throw new Problem('malformed', 'no open challenge of this name has this token', { status: 404 });
    }
    reply.type('application/octet-stream').header('cache-control', 'no-store');
    return keyAuthorization;
  });
}

/** The host in lower case; an IPv6 address without brackets, in RFC 5952 form. */
export function hostWithoutPort(host: string | undefined): string | null {
  const [, address, name] =
    /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/.exec(host?.toLowerCase() ?? '') ?? [];
  // Converts an address to the spelling of authorizations.
  if (address !== undefined) return isIPv6(address) ? ipFromBytes(ipToBytes(address)) : null;
  return name ?? null;
}
