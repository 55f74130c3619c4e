import type { FastifyInstance } from 'fastify';
import type { AcmeContext } from '../context.js';

/** RFC 8555 §7.2: HEAD answers 200, GET 204. */
export function nonceRoutes(app: FastifyInstance, { nonces }: AcmeContext): void {
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 204],
  ] as const) {
    app.route({
      method,
      url: '/new-nonce',
      exposeHeadRoute: false,
      handler: async (_request, reply) =>
        reply
          .code(status)
          .header('replay-nonce', nonces.mint())
          .header('cache-control', 'no-store') // §6.5.1, §7.2
          .send(),
    });
  }
}
