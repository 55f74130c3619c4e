import { constants, randomBytes } from 'node:crypto';
import { createServer as createPlainServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { admitRequests } from './admission.js';
import { shareConnections } from './connection-shares.js';
import { answerFailures, type ReportError } from './failures.js';
import { refuseCoded, refuseTwoHosts, tellBrowsers } from './headers.js';
import { DEFAULT_LIMITS, type HttpLimits } from './limits.js';
import { endAfter, isEnding, lingerAfterRefusals } from './linger.js';
import { rememberMethods } from './methods.js';
import { answerPlainHttp } from './plain-to-tls.js';
import { logRequests, quotable } from './request-log.js';
import { readAbsoluteForm, refuseUndecodable, routable } from './request-target.js';

interface HttpServerOptions {
  log: Logger;
  limits?: Partial<HttpLimits>;
  /** Whether answers carry Strict-Transport-Security (see headers.ts); they do not when absent. */
  strictTransport?: boolean;
}

/** The server's key and certificate, and the authorities whose client certificates it trusts. All PEM. */
export interface TlsMaterial {
  key: string;
  /** Leaf first, with the intermediates. */
  cert: string;
  /** Root and intermediates client certificates must chain to; nothing else is trusted. */
  clientCa: string[];
}

interface HttpsServerOptions extends HttpServerOptions {
  tls: TlsMaterial;
  /** Whether the server requests a client certificate, which is optional for clients. Default true. */
  askForCertificate?: boolean;
}

export interface HttpsServer {
  app: FastifyInstance;
  /**
   * Serves new connections with this material; open connections keep theirs.
   * @throws when key and cert do not match
   */
  reload(tls: TlsMaterial): void;
}

/**
 * An HTTPS listener: TLS 1.2 and 1.3 with session resumption, and an optional client certificate (see
 * `identity.ts`). Add routes as plugins, then call `app.listen`; `app.close` ends it.
 */
export function createHttpsServer(options: HttpsServerOptions): HttpsServer {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const servers: TlsServer[] = [];
  let context = secureContext(options.tls);
  let clientCa = options.tls.clientCa.join();
  const app = createApp(options, limits, (listener) => {
    const server = createTlsServer(
      {
        ...nodeLimits(limits),
        ...context,
        requestCert: options.askForCertificate ?? true,
        rejectUnauthorized: false,
        handshakeTimeout: limits.handshakeTime,
      },
      listener,
    );
    servers.push(server);
    answerPlainHttp(server);
    // fastify's types tell http from https servers; what it and its plugins use of them is the same.
    return server as unknown as Server;
  });
  return {
    app,
    reload: (tls) => {
      const sameClients = tls.clientCa.join() === clientCa;
      // A session keeps a client's authorization, so new authorities need new session tickets.
      context = secureContext(tls, sameClients ? context.ticketKeys : undefined);
      clientCa = tls.clientCa.join();
      for (const server of servers) {
        server.setSecureContext(context);
        server.setTicketKeys(context.ticketKeys);
      }
    },
  };
}

/** A listener without TLS: for CRLs and issuer certificates, or behind a proxy that does TLS. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  return createApp(options, limits, (listener) => createPlainServer(nodeLimits(limits), listener));
}

/** Mozilla's "intermediate" list: only forward secrecy and authenticated encryption, no CBC and no CCM_8. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Tickets (RFC 8446 §2.2) are valid for Node's 5 minutes, and only in the process that has their keys. */
function secureContext(
  { key, cert, clientCa }: TlsMaterial,
  ticketKeys: Buffer = randomBytes(48),
): SecureContextOptions & { ticketKeys: Buffer } {
  return {
    key,
    cert,
    ca: clientCa,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionIdContext: 'upki-ra',
    ticketKeys,
  };
}

function nodeLimits(limits: HttpLimits): ServerOptions {
  return {
    maxHeaderSize: limits.headers,
    headersTimeout: limits.headersTime,
    requestTimeout: limits.requestTime,
    keepAliveTimeout: limits.keepAliveTime,
    connectionsCheckingInterval: limits.checkInterval,
    noDelay: true,
  };
}

type Listener = ConstructorParameters<typeof Server>[1];

function createApp(
  { log, strictTransport = false }: HttpServerOptions,
  limits: HttpLimits,
  createServer: (listener: Listener) => Server,
): FastifyInstance {
  const report: ReportError = (error, request) => {
    const { id, method, url } = request;
    log.error({ err: error, id, method, url: quotable(url) }, 'request failed');
  };
  let count = 0;
  const run = randomBytes(4).toString('hex');
  const app = Fastify({
    serverFactory: (listener) => {
      const server = createServer((request, response) => {
        readAbsoluteForm(request);
        listener(request, response);
      });
      server.maxConnections = limits.connections;
      shareConnections(server, limits.connections);
      server.timeout = limits.idleTime;
      return server;
    },
    bodyLimit: limits.body,
    logger: false,
    schemaController: NO_SCHEMAS,
    genReqId: () => `${run}-${(count++).toString(36)}`,
    clientErrorHandler: refuseConnection,
    rewriteUrl: routable,
    // The limit of the headers includes the URL.
    routerOptions: { maxParamLength: limits.headers },
    forceCloseConnections: 'idle',
    // Requests that arrive on an open connection while closing are answered like any other, and the
    // connection ends with the answer. The framework's own 503 would have no problem document and no nonce
    // (RFC 8555 §6.5, §6.7).
    return503OnClosing: false,
  });
  app.addHook('preClose', (done) => {
    // Node does not enforce its request timeouts on a closing server.
    setTimeout(() => app.server.closeAllConnections(), limits.closeGrace).unref();
    done();
  });
  lingerAfterRefusals(app);
  tellBrowsers(app, { strictTransport });
  refuseTwoHosts(app);
  refuseCoded(app);
  refuseUndecodable(app);
  admitRequests(app, limits, Math.random);
  // Answers of one turn of the event loop are written together. Written one by one, each would wake a peer, which then
  // competes for the processor.
  app.addHook('onSend', (_request, _reply, _payload, done) => {
    setImmediate(done);
  });
  rememberMethods(app);
  answerFailures(app, report);
  logRequests(app, log);
  return app;
}

/** Routes have no framework schemas; without these compilers fastify would load its own, 200 files. */
const NO_SCHEMAS = {
  compilersFactory: { buildValidator: refuseSchemas, buildSerializer: refuseSchemas },
};

function refuseSchemas(): never {
  throw new Error('routes are checked by zod (api/route.ts), not by schemas of the framework');
}

const STATUS_LINES: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Bytes that are not HTTP get a bare status line, if the peer still reads. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET') socket.destroy();
  // These bytes are the rest of a refused body. The peer has its answer and would take a second one for the answer to
  // its next request.
  else if (isEnding(socket) || error.code === 'HPE_PAUSED') endAfter(socket, '');
  // Later bytes of the peer get no second answer.
  else if (socket.writable) {
    const status = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request';
    endAfter(socket, `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
}
