import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.js';

/** The usual timeout of a scraper. */
const REQUEST_TIME = 10_000;
const MOST_CONNECTIONS = 64;

/** Whether a scraper accepts OpenMetrics and does not prefer the Prometheus text format (RFC 9110 §12.5.1). */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  const weights = (accept ?? '').split(',').map((each) => {
    const [type = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return { type, weight: q === undefined ? 1 : Number(q) || 0 };
  });
  const of = (wanted: string) =>
    Math.max(0, ...weights.filter(({ type }) => type === wanted).map(({ weight }) => weight));
  return of('application/openmetrics-text') > 0 && of('application/openmetrics-text') >= of('text/plain');
}

/** The listener for metrics. It serves only `GET /metrics`, in the Prometheus text format or as OpenMetrics. */
export async function listenForScrapes(
  metrics: Pick<Metrics, 'registry' | 'openMetrics'>,
  { host, port }: { host: string; port: number },
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer(
    { requestTimeout: REQUEST_TIME, headersTimeout: REQUEST_TIME },
    (request, response) => {
      const [path] = (request.url ?? '').split('?', 1);
      if (path !== '/metrics')
        return response.writeHead(404, { 'content-type': 'text/plain' }).end('see /metrics\n');
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return response.writeHead(405, { allow: 'GET, HEAD' }).end();
      }
      const registry = prefersOpenMetrics(request.headers.accept) ? metrics.openMetrics : metrics.registry;
      registry.metrics().then(
        (text) =>
          response
            .writeHead(200, {
              'content-type': registry.contentType,
              'cache-control': 'no-store',
              vary: 'accept',
            })
            .end(text),
        () => response.writeHead(500).end(),
      );
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Not shared with other workers of the RA: each has figures of its own.
    server.listen({ port, host, exclusive: true }, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
