import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { HttpsServer } from '../../http/server.js';
import type { ProgramSettings } from '../settings.js';
import type { Monitoring } from './monitoring.js';
import type { OtherPorts, pagesOf } from './pages.js';
import { listenForVisitors } from './pages-listener.js';
import { listenPlainly, type PlainListenerOptions } from './plain-listener.js';
import type { RaTls } from './tls.js';

interface OtherListenersOptions extends Pick<PlainListenerOptions, 'api' | 'ra'> {
  settings: ProgramSettings;
  log: Logger;
  tls: Pick<RaTls, 'material'>;
  pages: ReturnType<typeof pagesOf>;
  monitoring: Pick<Monitoring, 'requests'>;
  reloadMain: HttpsServer['reload'];
}

/**
 * Starts the configured listeners beside the main one, and writes their ports into `ports`. Resolves with a function that gives new
 * TLS material to all listeners.
 */
export async function listenBeside(
  { settings, log, api, ra, tls, pages, monitoring, reloadMain }: OtherListenersOptions,
  ports: OtherPorts,
  onClose: (undo: () => unknown) => void,
): Promise<HttpsServer['reload']> {
  const measured = (name: 'plain' | 'pages') => (app: FastifyInstance) => monitoring.requests(app, name);
  if (settings.raHttp) {
    const plain = { settings, log, api, ra, pages: pages.plain, onRequests: measured('plain') };
    ports.plain = await listenPlainly(plain, onClose);
  }
  const { raHost: host, raPagesPort: port } = settings;
  if (port === null) return reloadMain;
  const visitors = await listenForVisitors(
    { host, port, log, tls, api, pages: pages.pages, onRequests: measured('pages') },
    onClose,
  );
  ports.pages = visitors.port;
  return (material) => {
    reloadMain(material);
    visitors.reload(material);
  };
}
