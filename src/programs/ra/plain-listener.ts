import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { wellKnownRoutes } from '../../acme/resources/well-known.js';
import { createHttpServer } from '../../http/server.js';
import type { ApiOptions } from '../../rest/index.js';
import { plainRoutes } from '../../rest/plain/routes.js';
import { healthRoute } from '../../rest/routes/public/health.js';
import { serveRoutes } from '../../rest/serve.js';
import type { ProgramSettings } from '../settings.js';
import { listen } from './listener.js';

export interface PlainListenerOptions {
  settings: Pick<ProgramSettings, 'raHost' | 'raHttpPort'>;
  log: Logger;
  api: ApiOptions & { prefix: string };
  ra: Parameters<typeof wellKnownRoutes>[1]['ra'];
  pages(app: FastifyInstance): Promise<void>;
  onRequests(app: FastifyInstance): void;
}

/**
 * The listener without TLS. It serves CRL, OCSP and issuers, whose URLs are in certificates; http-01 challenges; the pages about
 * trust; and health, for probes without TLS. Resolves with its port.
 */
export async function listenPlainly(
  { settings, log, api, ra, pages, onRequests }: PlainListenerOptions,
  onClose: (undo: () => unknown) => void,
): Promise<number> {
  const app = createHttpServer({ log });
  onRequests(app);
  await app.register(plainRoutes, { ca: api.ca, responder: api.ca });
  await app.register(wellKnownRoutes, { ra });
  await app.register(pages);
  await app.register(serveRoutes, { ...api, routes: [healthRoute(api.health)] });
  const { raHost: host, raHttpPort: port } = settings;
  return listen(app, { what: 'CRL, OCSP and issuers', host, port, variable: 'UPKI_RA_HTTP_PORT' }, onClose);
}
