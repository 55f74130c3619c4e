import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { clientIdentity } from '../../src/http/identity.js';
import { createHttpsServer, type HttpsServer } from '../../src/http/server.js';
import { CaLacksTask, CaUnavailable } from '../../src/model/ca.js';
import { createTestPki } from '../../tools/kit/test-pki.js';

export const HOUR = 3600_000;

/** The lines that the servers logged. */
export const logged: string[] = [];
export const log = pino(
  { level: 'debug' },
  new Writable({
    write: (chunk, _, done) => {
      logged.push(String(chunk));
      done();
    },
  }),
);

export const pki = createTestPki();
export const serverCertificate = pki.leaf({ commonName: 'ra.test', names: ['ra.test', '127.0.0.1'] });

type ServerOptions = Partial<Parameters<typeof createHttpsServer>[0]>;

/** An HTTPS server and the connections of its clients. */
export class TestServer {
  private constructor(readonly server: HttpsServer) {}

  /** Starts a server with the routes below, or with those that `routes` adds. */
  static async start(
    options: ServerOptions = {},
    routes: (app: FastifyInstance) => unknown = addRoutes,
  ): Promise<TestServer> {
    const tls = { ...serverCertificate, clientCa: [pki.root] };
    const server = createHttpsServer({ log, tls, ...options });
    await routes(server.app);
    await server.app.listen({ host: '127.0.0.1', port: 0 });
    return new TestServer(server);
  }

  get app(): FastifyInstance {
    return this.server.app;
  }

  get port(): number {
    return portOf(this.app);
  }

  async close(): Promise<void> {
    await this.app.close();
  }

  /** Opens one TLS connection. */
  open(options: ConnectionOptions = {}): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port: this.port,
        servername: 'ra.test',
        ca: pki.root,
        ...options,
      });
      socket.once('secureConnect', () => resolve(socket));
      socket.once('error', reject);
    });
  }

  /** Sends raw text on a connection of its own and reads the answer. */
  async exchange(text: string, options: ConnectionOptions = {}): Promise<Answer> {
    const socket = await this.open(options);
    const answer = drain(socket);
    socket.write(text);
    return parse(await answer);
  }
}

export function addRoutes(app: FastifyInstance): void {
  const subject = (request: Parameters<typeof clientIdentity>[0]) => {
    const found = clientIdentity(request);
    return found ? { subject: found.subject, serial: found.serial } : { subject: null };
  };
  app.get('/who', async (request) => subject(request));
  app.get('/later', async (request) => ({ known: clientIdentity(request, Date.now() + 48 * HOUR) !== null }));
  app.get('/items/:id', async () => ({}));
  app.get('/asked', async ({ url, headers }) => ({ url, host: headers.host }));
  app.put('/items/:id', async () => ({}));
  app.post('/items', async (request) => ({ body: request.body }));
  app.get('/files/*', async () => ({}));
  app.get('/broken', async () => {
    throw new Error('password is hunter2');
  });
  app.get('/away', async () => {
    throw new CaUnavailable('10.0.0.5:5000 timed out');
  });
  for (const path of ['/lacking', '/api/v1/lacking']) {
    app.get(path, async () => {
      throw new CaLacksTask('list_nodes');
    });
  }
  app.get('/api/v1/broken', async () => {
    throw new Error('password is hunter2');
  });
}

export function portOf(app: FastifyInstance): number {
  const address = app.server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Everything the peer sends until it ends the connection. */
export function drain(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

export interface Answer {
  status: number;
  head: string;
  body: string;
  json: Record<string, unknown>;
}

export function parse(text: string): Answer {
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  return { status, head, body, json: body.startsWith('{') ? JSON.parse(body) : {} };
}

export const get = (path: string, headers = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: ra.test\r\nConnection: close\r\n${headers}\r\n`;
