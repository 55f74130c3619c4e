import type { FastifyInstance } from 'fastify';
import type { AcmeContext } from '../context.js';

/** The page of `meta.termsOfService` (RFC 8555 §7.1.1), unless the operator has configured another URL. */
export function termsRoutes(app: FastifyInstance, { settings }: AcmeContext): void {
  app.get('/terms', async (_request, reply) => {
    const { terms } = settings;
    return 'url' in terms
      ? reply.redirect(terms.url)
      : reply.type('text/plain; charset=utf-8').send(terms.text);
  });
}
