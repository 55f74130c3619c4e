import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { ClientIdentity } from '../../http/identity.js';
import { lookBehindProxies } from '../../http/peer.js';
import { createHttpServer, createHttpsServer, type HttpsServer } from '../../http/server.js';
import { trustedProxies } from '../../http/trusted-proxies.js';
import { listenOrFallBack, type PortWish, portProblem } from '../ports.js';
import type { ProgramSettings } from '../settings.js';
import type { RaTls } from './tls.js';

/** The listener for clients: HTTPS, or HTTP behind a proxy that terminates TLS. */
export function mainListener(settings: ProgramSettings, tls: RaTls, log: Logger, base: string): HttpsServer {
  const strictTransport = ownsHost(base);
  if (settings.raTls) return createHttpsServer({ tls: tls.material(), log, strictTransport });
  return { app: createHttpServer({ log, strictTransport }), reload: () => undefined };
}

/** Whether Strict-Transport-Security may be sent: the URL has the default HTTPS port and a name, not an address (RFC 6797 §8.1.1). */
function ownsHost(base: string): boolean {
  const { port, hostname: host } = new URL(base);
  return port === '' && isIP(host.replace(/^\[|\]$/g, '')) === 0;
}

/** Identifies clients behind trusted proxies by the header that the proxies write. */
export function believeProxies(
  app: FastifyInstance,
  { trustedProxies: proxies, proxyHeader: header }: ProgramSettings,
  tls: RaTls,
  isTrusted: (identity: ClientIdentity) => Promise<boolean>,
): void {
  if (proxies.length === 0) return;
  const authorities = () => tls.material().clientCa;
  lookBehindProxies(app, trustedProxies({ proxies, header, authorities, isGood: isTrusted }));
}

/** Listens; resolves with the port. Closing waits for running requests. */
export async function listen(
  app: FastifyInstance,
  wish: PortWish,
  onClose: (undo: () => unknown) => void,
): Promise<number> {
  try {
    await listenOrFallBack(wish.host, (host) => app.listen({ host, port: wish.port }));
  } catch (error) {
    throw portProblem(error, wish);
  }
  onClose(() => app.close());
  const address = app.server.address();
  return typeof address === 'object' && address ? address.port : wish.port;
}
