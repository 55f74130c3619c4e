import type { FastifyInstance, FastifyReply } from 'fastify';
import type { AcmeContext } from '../context.js';
import { requirePostAsGet } from '../payload.js';

/** RFC 8555 §7.2: HEAD returns 200, GET 204; §6.3: also by POST-as-GET. */
export function nonceRoutes(app: FastifyInstance, { nonces, signed }: AcmeContext): void {
  const uncached = (reply: FastifyReply) => reply.header('cache-control', 'no-store'); // §6.5.1, §7.2
  app.head('/new-nonce', async (_request, reply) =>
    // Some HTTP/1.1 clients wait for a body if the answer has no length.
    uncached(reply).header('replay-nonce', nonces.mint()).header('content-length', 0).send(),
  );
  app.get('/new-nonce', { exposeHeadRoute: false }, async (_request, reply) =>
    uncached(reply).code(204).header('replay-nonce', nonces.mint()).send(),
  );
  app.post('/new-nonce', async (request, reply) => {
    const { payload } = await signed.byAccount(request);
    requirePostAsGet(payload);
    return uncached(reply).code(204).send(); // every answer to a POST has its nonce already
  });
}
