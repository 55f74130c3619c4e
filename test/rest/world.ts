import type { KeyObject } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { newCurveKeyPair } from '../../src/channel/curve-keys.js';
import type { operations } from '../../src/channel/tasks/index.js';
import type { TaskClient } from '../../src/channel/typed-client.js';
import type { ClientIdentity } from '../../src/http/identity.js';
import { lookBehindProxies } from '../../src/http/peer.js';
import { createHttpsServer, type HttpsServer } from '../../src/http/server.js';
import { type TrustedProxiesOptions, trustedProxies } from '../../src/http/trusted-proxies.js';
import type { AdminRole } from '../../src/model/administrators.js';
import { AuditLog } from '../../src/ra/audit-log.js';
import { AuditReader } from '../../src/ra/audit-reader.js';
import { CaClient } from '../../src/ra/ca/client.js';
import { createOwnCertificates } from '../../src/ra/nodes/own-certificates.js';
import { createOperator } from '../../src/ra/operator/index.js';
import { DEFAULT_POLICY } from '../../src/ra/policy.js';
import { isGood } from '../../src/rest/access.js';
import { type ApiOptions, restApi } from '../../src/rest/index.js';
import { openRaStore, type RaStore } from '../../src/store/index.js';
import { parseCertificate } from '../../src/x509/certificate.js';
import { formatDn } from '../../src/x509/name.js';
import { fromPem, toPem } from '../../src/x509/pem.js';
import { newKey, requestPem } from '../support/requests.js';
import { CaWorld } from '../support/world/ca.js';
import { apiDefaults } from './harness.js';

/** What a client proves itself with. PEM. */
export interface Holder {
  key: string;
  cert: string;
}

export interface IssuedHolder extends Holder {
  /** RFC 4514. */
  dn: string;
  /** Lower-case hex. */
  serial: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
  /** Of the envelope. */
  json: { status?: string; code?: string; field?: string; message?: string; data?: unknown };
}

export interface Ask {
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** The REST API over HTTPS before a real CA, joined over ZeroMQ. */
export class ApiWorld {
  readonly ca = new CaWorld();
  readonly #connections: TLSSocket[] = [];
  #tasks: TaskClient<typeof operations> | null = null;
  #server: HttpsServer | null = null;
  /** Fingerprints of keys on the operator's list. */
  readonly compromised = new Set<string>();
  #store: RaStore | null = null;
  root = '';

  constructor(
    private readonly changes: Partial<ApiOptions> = {},
    /** Proxies that are believed. */
    private readonly proxies: Pick<TrustedProxiesOptions, 'proxies' | 'header'> | null = null,
  ) {}

  get tasks(): TaskClient<typeof operations> {
    if (this.#tasks === null) throw new Error('the world has not started');
    return this.#tasks;
  }

  get store(): RaStore {
    if (this.#store === null) throw new Error('the world has not started');
    return this.#store;
  }

  /** Fails no test by itself: errors are kept for who looks. */
  readonly auditErrors: unknown[] = [];

  get audit(): AuditLog {
    return new AuditLog(this.store, Date.now, (error) => this.auditErrors.push(error));
  }

  get server(): HttpsServer {
    if (this.#server === null) throw new Error('the world has not started');
    return this.#server;
  }

  get port(): number {
    return (this.server.app.server.address() as AddressInfo).port;
  }

  async start(): Promise<this> {
    await this.ca.start();
    this.#store = await openRaStore(join(this.ca.dataDir, 'ra.db'));
    const key = newKey();
    const channel = newCurveKeyPair();
    const registered = await this.ca.registration().call('register', {
      cn: 'localhost',
      sans: [{ type: 'IP', value: '127.0.0.1' }],
      csr: requestPem(['localhost'], { key }),
      curve_public_key: channel.publicKey,
    });
    this.#tasks = this.ca.operations(channel);
    this.root = registered.ca_certificate;
    const chain = fromPem('CERTIFICATE', registered.certificate).map((der) => toPem('CERTIFICATE', der));
    this.#server = createHttpsServer({
      log: pino({ level: 'silent' }),
      tls: { key: pem(key), cert: registered.certificate, clientCa: [this.root, ...chain.slice(1)] },
    });
    const client = new CaClient({ client: this.tasks });
    const ca = this.changes.ca ?? client;
    if (this.proxies !== null) {
      const authorities = () => [this.root, ...chain.slice(1)];
      const isTrusted = (identity: ClientIdentity) => isGood(identity, ca);
      lookBehindProxies(
        this.#server.app,
        trustedProxies({ ...this.proxies, authorities, isGood: isTrusted }),
      );
    }
    await this.#server.app.register(restApi, {
      prefix: '/api/v1',
      ...apiDefaults,
      ca,
      ownCertificates: createOwnCertificates({
        ca: client,
        store: this.store,
        nodes: { renew: (_serial, reissue) => reissue() },
        clock: Date.now,
        onRevocation: () => undefined,
      }),
      operator: createOperator({
        ...{ store: this.store, ca: client, clock: Date.now, troubles: async () => [] },
        policy: DEFAULT_POLICY,
        validator: { examine: async () => [] },
        stopAccount: (id) => this.store.revokeAccount(id, Date.now()),
        onRevocation: () => undefined,
      }),
      isCompromised: (fingerprint) => this.compromised.has(fingerprint),
      settings: { UPKI_CA_SEED: '(secret)', UPKI_RA_PORT: '8000' },
      audit: this.audit,
      auditReader: new AuditReader(this.store),
      health: { checks: {}, warnings: () => [] },
      ...this.changes,
    });
    await this.#server.app.listen({ host: '127.0.0.1', port: 0 });
    return this;
  }

  async close(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    await this.#server?.app.close();
    await this.#store?.close();
    await this.ca.close();
  }

  /** Somebody with a certificate of this PKI. */
  async holder(cn: string, profile = 'user', key = newKey()): Promise<IssuedHolder> {
    const csr = requestPem([], { key, cn });
    if (profile === 'ra') {
      return holderOf(key, (await this.ca.registration().call('register', { cn, csr })).certificate);
    }
    const { certificate } = await this.tasks.call('sign', { csr, profile });
    return holderOf(key, certificate);
  }

  /** Somebody with an administrator's certificate, whose DN is on the list. */
  async admin(cn = 'alice', role: AdminRole | null = null, key = newKey()): Promise<IssuedHolder> {
    return holderOf(key, await this.ca.administrator(cn, key, role));
  }

  /** Somebody with an administrator's certificate that is good, whose DN is not on the list. */
  async unlisted(cn: string): Promise<IssuedHolder> {
    const holder = await this.admin(cn);
    await this.ca.onMachine(({ store }) => store.removeAdmin(holder.dn));
    return holder;
  }

  /** One request on a connection of its own. */
  async ask(path: string, holder: Holder | null = null, ask: Ask = {}): Promise<Answer> {
    const connection = await this.connect(holder === null ? {} : { ...holder });
    try {
      return await connection.ask(path, ask);
    } finally {
      connection.socket.destroy();
    }
  }

  /** A connection that is kept, one request at a time. */
  async connect(options: ConnectionOptions = {}): Promise<Connection> {
    const socket = await new Promise<TLSSocket>((resolve, reject) => {
      const made = connect({
        host: '127.0.0.1',
        port: this.port,
        servername: 'localhost',
        ca: this.root,
        ...options,
      });
      made.once('secureConnect', () => resolve(made));
      made.once('error', reject);
    });
    this.#connections.push(socket);
    return new Connection(socket);
  }
}

/** HTTP/1.1 over one TLS connection, so that nothing but the test decides when connections are opened. */
export class Connection {
  #received = Buffer.alloc(0);
  #more: () => void = () => undefined;
  #ended = false;

  constructor(readonly socket: TLSSocket) {
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#more();
    });
    const end = () => {
      this.#ended = true;
      this.#more();
    };
    socket.on('error', end).on('close', end);
  }

  /** `path` is below /api/v1. */
  async ask(path: string, { method = 'GET', body, headers = {} }: Ask = {}): Promise<Answer> {
    const content = body === undefined ? '' : JSON.stringify(body);
    const head = Object.entries({
      Host: 'localhost',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(method === 'GET' ? {} : { 'Content-Length': String(Buffer.byteLength(content)) }),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.raw(`${method} /api/v1${path} HTTP/1.1\r\n${head.join('')}\r\n${content}`);
  }

  /** Sends the text of a request as it is. */
  raw(text: string): Promise<Answer> {
    this.socket.write(text);
    return this.#answer();
  }

  async #answer(): Promise<Answer> {
    const headEnd = await this.#until(() => this.#received.indexOf('\r\n\r\n'));
    const head = this.#received.subarray(0, headEnd).toString();
    const headers = Object.fromEntries(
      head
        .split('\r\n')
        .slice(1)
        .map((line) => [
          line.slice(0, line.indexOf(':')).toLowerCase(),
          line.slice(line.indexOf(':') + 1).trim(),
        ]),
    );
    const end = headEnd + 4 + Number(headers['content-length'] ?? 0);
    await this.#until(() => (this.#received.length >= end ? end : -1));
    const text = this.#received.subarray(headEnd + 4, end).toString();
    this.#received = this.#received.subarray(end);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    return { status, headers, text, json: text.startsWith('{') ? JSON.parse(text) : {} };
  }

  async #until(found: () => number): Promise<number> {
    for (;;) {
      const at = found();
      if (at >= 0) return at;
      if (this.#ended) throw new Error('the server ended the connection');
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
  }
}

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** @param certificate PEM, leaf first */
export function holderOf(key: KeyObject, certificate: string): IssuedHolder {
  const [der] = fromPem('CERTIFICATE', certificate);
  const { subject, serial } = parseCertificate(der ?? Buffer.alloc(0));
  return { key: pem(key), cert: certificate, dn: formatDn(subject), serial };
}
