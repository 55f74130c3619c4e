import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.js';

/** Counts and times the requests of a listener. */
export function measureRequests(
  app: FastifyInstance,
  listener: 'main' | 'plain' | 'pages',
  metrics: Metrics,
): void {
  app.addHook('onResponse', (request, reply, done) => {
    // The route pattern, never the client's path.
    const route = request.routeOptions.url ?? 'none';
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    const method = METHODS.has(request.method) ? request.method : 'other';
    metrics.requests.observe({ route, method, status }, reply.elapsedTime / 1000);
    if (request.refusal !== null) metrics.refusals.inc({ route, problem: request.refusal.problem });
    if (request.isTooMuch) metrics.admissionRefusals.inc({ listener });
    done();
  });
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
