import type { FastifyInstance, FastifyReply } from 'fastify';
import { Problem } from '../model/problem.js';
import type { AcmeContext } from './context.js';
import type { Links } from './links.js';

const CERTIFICATE_COUNTS = { config: { certificateCounts: true } };

/**
 * GET of an order or authorization. RFC 8555 §6.3 forbids it to clients; administrators of this PKI may use it, with
 * their TLS client certificate.
 */
export function readByAdmin(
  app: FastifyInstance,
  context: AcmeContext,
  url: `${string}/:id`,
  answer: (id: string, reply: FastifyReply, links: Links) => Promise<object>,
): void {
  app.get<{ Params: { id: string } }>(url, CERTIFICATE_COUNTS, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    if (!(await context.isAdmin(request))) {
      reply.header('allow', 'POST');
      throw new Problem('malformed', 'read this with a signed POST-as-GET (RFC 8555 §6.3), not with GET', {
        status: 405,
      });
    }
    return answer(request.params.id, reply, context.links.forHost(request.headers.host));
  });
}
