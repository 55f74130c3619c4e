import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** A scrape that takes longer is given up by its scraper. */
const REQUEST_TIME = 10_000;
const MOST_CONNECTIONS = 64;

/** The listener of the metrics: `GET /metrics` in the text format of Prometheus, and nothing else. */
export async function listenForScrapes(
  registry: Registry,
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
      registry.metrics().then(
        (text) =>
          response
            .writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' })
            .end(text),
        () => response.writeHead(500).end(),
      );
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
