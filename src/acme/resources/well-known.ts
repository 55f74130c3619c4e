import type { FastifyInstance } from 'fastify';
import { Problem } from '../../model/problem.js';
import type { RegistrationAuthority } from '../../ra/service.js';

export interface WellKnownOptions {
  ra: Pick<RegistrationAuthority, 'httpChallengeResponse'>;
}

/**
 * RFC 8555 §8.3, SPEC §1: serves the key authorization of an open http-01 challenge to whoever asks under that challenge's
 * own name, so that names which lead here can be proven without a web server of theirs.
 */
export async function wellKnownRoutes(app: FastifyInstance, { ra }: WellKnownOptions): Promise<void> {
  app.get<{ Params: { token: string } }>('/.well-known/acme-challenge/:token', async (request, reply) => {
    const host = hostWithoutPort(request.headers.host);
    const keyAuthorization =
      host === null ? null : await ra.httpChallengeResponse(request.params.token, host);
    if (keyAuthorization === null) {
      throw new Problem('malformed', 'no open challenge of this name has this token', { status: 404 });
    }
    reply.type('application/octet-stream').header('cache-control', 'no-store');
    return keyAuthorization;
  });
}

/** Lower case; an IPv6 address without its brackets. */
export function hostWithoutPort(host: string | undefined): string | null {
  const [, address, name] =
    /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/.exec(host?.toLowerCase() ?? '') ?? [];
  return address ?? name ?? null;
}
