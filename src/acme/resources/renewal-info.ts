import type { FastifyInstance } from 'fastify';
import { asJson } from '../../http/json-reply.js';
import type { AcmeContext } from '../context.js';
import { rfc3339 } from '../times.js';

/** RFC 9773 §4.3: seconds until a client should poll again; the RFC suggests six hours. */
const LOOK_AGAIN = 6 * 3600;

/** RFC 9773 §4.1: unauthenticated GET; the certificate identifier is `base64url(AKI).base64url(serial)`. */
export function renewalInfoRoutes(app: FastifyInstance, { ra }: AcmeContext): void {
  app.get<{ Params: { id: string } }>('/renewal-info/:id', async (request, reply) => {
    const { start, end } = await ra.certificates.renewalInfo(request.params.id);
    reply.header('retry-after', LOOK_AGAIN);
    return asJson(reply, { suggestedWindow: { start: rfc3339(start), end: rfc3339(end) } });
  });
}
