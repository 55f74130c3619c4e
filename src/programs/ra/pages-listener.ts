import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createHttpsServer, type HttpsServer } from '../../http/server.js';
import { type ApiOptions, readableApi } from '../../rest/index.js';
import type { ProgramSettings } from '../settings.js';
import { listen } from './listener.js';
import type { RaTls } from './tls.js';

interface PagesListenerOptions {
  host: ProgramSettings['raHost'];
  port: number;
  log: Logger;
  tls: Pick<RaTls, 'material'>;
  api: ApiOptions & { prefix: string };
  pages(app: FastifyInstance): Promise<void>;
  onRequests(app: FastifyInstance): void;
}

/**
 * The HTTPS listener for visitors: the pages about trust and the public routes of REST. It requests no client certificate, because a
 * browser that has one would ask its user. Resolves with its port.
 */
export async function listenForVisitors(
  { host, port, log, tls, api, pages, onRequests }: PagesListenerOptions,
  onClose: (undo: () => unknown) => void,
): Promise<{ port: number; reload: HttpsServer['reload'] }> {
  const { app, reload } = createHttpsServer({ tls: tls.material(), log, askForCertificate: false });
  onRequests(app);
  await app.register(pages);
  await app.register(readableApi, api);
  const wish = { what: 'the pages for visitors', host, port, variable: 'UPKI_RA_PAGES_PORT' };
  return { port: await listen(app, wish, onClose), reload };
}
