import { connect as connectTcp, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientIdentity } from '../../src/http/identity.js';
import { createHttpServer, createHttpsServer, type HttpsServer } from '../../src/http/server.js';
import { CaLacksTask, CaUnavailable } from '../../src/model/ca.js';
import {
  CLIENT_AUTH,
  createTestPki,
  type KeyAndCertificate,
  SERVER_AUTH,
  type TestPki,
} from '../../tools/kit/test-pki.js';

const logged: string[] = [];
const log = pino(
  { level: 'debug' },
  new Writable({
    write: (chunk, _, done) => {
      logged.push(String(chunk));
      done();
    },
  }),
);

let pki: TestPki;
let stranger: TestPki;
let serverCertificate: KeyAndCertificate;
let server: HttpsServer;
let port: number;

const HOUR = 3600_000;
const identity = () => (request: Parameters<typeof clientIdentity>[0]) => {
  const found = clientIdentity(request);
  return found ? { subject: found.subject, serial: found.serial } : { subject: null };
};

function addRoutes(app: FastifyInstance): void {
  app.get('/who', async (request) => identity()(request));
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

function portOf(app: FastifyInstance): number {
  const address = app.server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function start(limits = {}, askForCertificate = true): Promise<{ server: HttpsServer; port: number }> {
  const tls = { ...serverCertificate, clientCa: [pki.root] };
  const made = createHttpsServer({ log, limits, tls, askForCertificate });
  addRoutes(made.app);
  await made.app.listen({ host: '127.0.0.1', port: 0 });
  return { server: made, port: portOf(made.app) };
}

beforeAll(async () => {
  pki = createTestPki();
  stranger = createTestPki('Another Root');
  serverCertificate = pki.leaf({ commonName: 'ra.test', names: ['ra.test', '127.0.0.1'] });
  ({ server, port } = await start());
});

afterAll(() => server.app.close());

/** One TLS connection. */
function open(options: ConnectionOptions = {}, to = port): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: to, servername: 'ra.test', ca: pki.root, ...options });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Everything the peer sends until it ends the connection. */
function drain(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

/** TLS 1.3 sends tickets after the handshake, in time with the first answer. */
function ticketOf(socket: TLSSocket): Promise<Buffer> {
  const ticket = new Promise<Buffer>((resolve) => socket.once('session', resolve));
  socket.on('data', () => {});
  socket.write(get('/who'));
  return ticket;
}

interface Answer {
  status: number;
  head: string;
  body: string;
  json: Record<string, unknown>;
}

/** Sends raw text on a connection of its own and reads the answer. */
async function exchange(text: string, options: ConnectionOptions = {}, to = port): Promise<Answer> {
  const socket = await open(options, to);
  const answer = drain(socket);
  socket.write(text);
  return parse(await answer);
}

function parse(text: string): Answer {
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  return { status, head, body, json: body.startsWith('{') ? JSON.parse(body) : {} };
}

const get = (path: string, headers = '') =>
  `GET ${path} HTTP/1.1\r\nHost: ra.test\r\nConnection: close\r\n${headers}\r\n`;

describe('who the peer is (from the TLS stack, never from a header)', () => {
  it('is unauthenticated without a client certificate, whatever the headers say', async () => {
    const forged = 'X-SSL-CLIENT-VERIFY: SUCCESS\r\nX-SSL-CLIENT-S-DN: CN=admin\r\nX-SSL-CERT: abc\r\n';
    expect((await exchange(get('/who', forged))).json).toEqual({ subject: null });
  });

  it('is the holder of a client certificate of this PKI', async () => {
    const admin = pki.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    const { json } = await exchange(get('/who'), { ...admin });
    expect(json).toEqual({ subject: 'CN=admin', serial: expect.stringMatching(/^([0-9a-f]{2})+$/) });
  });

  it('is anonymous at a listener that requests no certificate: the holder of one is not prompted', async () => {
    const visitors = await start({}, false);
    const admin = pki.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    try {
      const { status, json } = await exchange(get('/who'), { ...admin }, visitors.port);
      expect({ status, json }).toEqual({ status: 200, json: { subject: null } });
    } finally {
      await visitors.server.app.close();
    }
  });

  it('is unauthenticated with a certificate of another root', async () => {
    const other = stranger.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    expect((await exchange(get('/who'), { ...other })).json).toEqual({ subject: null });
  });

  it('is unauthenticated with a certificate for servers only (RFC 5280 §4.2.1.12)', async () => {
    const web = pki.leaf({ commonName: 'admin', usages: [SERVER_AUTH] });
    expect((await exchange(get('/who'), { ...web })).json).toEqual({ subject: null });
  });

  it('is unauthenticated with an expired or not yet valid certificate', async () => {
    const usages = [CLIENT_AUTH];
    const times = [
      { notBefore: Date.now() - 2 * HOUR, notAfter: Date.now() - HOUR },
      { notBefore: Date.now() + HOUR, notAfter: Date.now() + 2 * HOUR },
    ];
    for (const time of times) {
      const holder = pki.leaf({ commonName: 'admin', usages, ...time });
      expect((await exchange(get('/who'), { ...holder })).json).toEqual({ subject: null });
    }
  });

  it('is unauthenticated once the certificate expires, even on an open connection', async () => {
    const admin = pki.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    expect((await exchange(get('/later'), { ...admin })).json).toEqual({ known: false });
  });
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('resumed %s sessions (RFC 8446 §2.2, RFC 5077)', (version) => {
  const range = { minVersion: version, maxVersion: version };

  async function resume(
    options: ConnectionOptions,
  ): Promise<{ reused: boolean; json: Record<string, unknown> }> {
    const first = await open({ ...range, ...options });
    const session = version === 'TLSv1.2' ? first.getSession() : await ticketOf(first);
    const second = await open({ ...range, ...options, ...(session && { session }) });
    const answer = drain(second);
    const reused = second.isSessionReused();
    second.write(get('/who'));
    first.destroy();
    return { reused, json: parse(await answer).json };
  }

  it('keep the client’s identity', async () => {
    const admin = pki.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    expect(await resume({ ...admin })).toMatchObject({ reused: true, json: { subject: 'CN=admin' } });
  });

  it('do not authenticate a client without a certificate', async () => {
    expect(await resume({})).toEqual({ reused: true, json: { subject: null } });
  });

  it('do not authenticate a client with a foreign certificate', async () => {
    const other = stranger.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    expect((await resume({ ...other })).json).toEqual({ subject: null });
  });
});

describe('TLS', () => {
  it('is at least version 1.2', async () => {
    const old = open({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    await expect(old).rejects.toThrow(/protocol version|alert/i);
  });

  it.each([
    'ECDHE-ECDSA-AES128-SHA256',
    'ECDHE-ECDSA-AES256-SHA',
    'ECDHE-ECDSA-AES128-CCM8',
    'ECDHE-ECDSA-AES128-CCM',
    'AES128-GCM-SHA256',
    'DHE-RSA-AES256-CCM8',
  ])('has no CBC, CCM or key exchange without forward secrecy: %s', async (ciphers) => {
    await expect(open({ ciphers, maxVersion: 'TLSv1.2' })).rejects.toThrow();
  });

  it.each([
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
  ])('has what Mozilla recommends for TLS 1.2: %s', async (ciphers) => {
    const socket = await open({ ciphers, maxVersion: 'TLSv1.2' });
    expect(socket.getCipher().name).toBe(ciphers);
    socket.destroy();
  });

  it('uses a new certificate while running, and a change of the trusted roots drops old sessions', async () => {
    const running = await start();
    const admin = pki.leaf({ commonName: 'admin', usages: [CLIENT_AUTH] });
    const subjectOf = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;
    const before = await open({ ...admin, maxVersion: 'TLSv1.2' }, running.port);
    const session = before.getSession();
    expect(subjectOf(before)).toBe('ra.test');

    const next = pki.leaf({ commonName: 'next', names: ['ra.test'] });
    running.server.reload({ ...next, clientCa: [pki.root] });
    const resumed = await open(
      { ...admin, maxVersion: 'TLSv1.2', ...(session && { session }) },
      running.port,
    );
    expect(resumed.isSessionReused()).toBe(true);
    const fresh = await open({ ...admin }, running.port);
    expect(subjectOf(fresh)).toBe('next');

    running.server.reload({ ...next, clientCa: [stranger.root] });
    const distrusted = await open(
      { ...admin, maxVersion: 'TLSv1.2', ...(session && { session }) },
      running.port,
    );
    expect(distrusted.isSessionReused()).toBe(false);
    const answer = drain(distrusted);
    distrusted.write(get('/who'));
    expect(parse(await answer).json).toEqual({ subject: null });

    for (const socket of [before, resumed, fresh]) socket.destroy();
    await running.server.app.close();
  });

  it('keeps the old key and certificate when the new ones do not match', async () => {
    const other = pki.leaf({ commonName: 'other' });
    expect(() =>
      server.reload({ key: other.key, cert: serverCertificate.cert, clientCa: [pki.root] }),
    ).toThrow();
    expect((await exchange(get('/who'))).status).toBe(200);
  });
});

describe('requests that are refused', () => {
  it('answers an unknown path with 404 as a problem (RFC 8555 §6.7), or in the envelope under /api', async () => {
    const plain = await exchange(get('/nowhere'));
    expect(plain.status).toBe(404);
    expect(plain.head).toMatch(/content-type: application\/problem\+json/i);
    expect(plain.json).toMatchObject({ type: 'urn:ietf:params:acme:error:malformed', status: 404 });
    const rest = await exchange(get('/api/v1/nowhere'));
    expect(rest.json).toEqual({ status: 'error', code: 'notFound', message: expect.any(String) });
  });

  it('answers a wrong method with 405 and Allow (RFC 9110 §15.5.6)', async () => {
    const answer = await exchange(get('/items/7').replace('GET', 'DELETE'));
    expect(answer.status).toBe(405);
    expect(answer.head).toMatch(/allow: GET, HEAD, PUT\r/i);
    expect((await exchange(get('/files/a/b').replace('GET', 'DELETE'))).status).toBe(405);
  });

  const post = (body: string, type: string, length = body.length) =>
    `POST /items HTTP/1.1\r\nHost: ra.test\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n${body}`;

  it.each<[number, string, string]>([
    [415, 'an unknown media type', post('x', 'image/png')],
    [415, 'a media type that is none', post('x', ';;;')],
    [413, 'a body above the limit', post('x'.repeat(10), 'text/plain', 70_000)],
    [400, 'JSON that is none', post('{"a":', 'application/json')],
    [400, 'a URL with broken escapes', get('/items/%zz')],
    [400, 'a URL whose escapes are not UTF-8', get('/items/%ff')],
    [400, 'a URL with broken escapes in absolute form', get('https://ra.test/items/%')],
    [400, 'no Host', 'GET /who HTTP/1.1\r\nConnection: close\r\n\r\n'],
    [400, 'two Host fields', get('/who', 'Host: ra.test\r\n')],
    [400, 'two Host fields, however they are written', get('/who', 'hOST: evil.test\r\n')],
    [400, 'what is not HTTP', '\u0016\u0003\u0001 nonsense\r\n\r\n'],
    [400, 'a space in a header name', get('/who', 'Bad Header: x\r\n')],
    [
      400,
      'both Content-Length and chunked',
      get('/who', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'),
    ],
    [400, 'an unknown method', get('/who').replace('GET', 'FROB')],
    [405, 'a method no route has', get('/who').replace('GET', 'PROPFIND')],
    [
      405,
      'a method with a body that no route has, whatever is wrong with it',
      get('/who').replace('GET', 'QUERY'),
    ],
    [
      404,
      'an unknown path, whatever is wrong with the body',
      post('{', 'image/png').replace('/items', '/nowhere'),
    ],
    [431, 'headers above the limit', get('/who', `X: ${'x'.repeat(20_000)}\r\n`)],
    [431, 'a path beyond all length', get(`/items/${'x'.repeat(20_000)}`)],
    [417, 'an expectation it cannot meet', get('/who', 'Expect: miracles\r\n')],
  ])('answers %i to %s', async (status, _, text) => {
    expect((await exchange(text)).status).toBe(status);
  });

  it('answers a body in a coding with 415 and the coding it takes (RFC 9110 §12.5.3, §15.5.16)', async () => {
    const coded = (coding: string) =>
      exchange(post('{}', 'application/json').replace('\r\n\r\n', `\r\nContent-Encoding: ${coding}\r\n\r\n`));
    for (const coding of ['gzip', 'deflate, gzip', 'Identity, br']) {
      const { status, head, json } = await coded(coding);
      expect([coding, status, json.type]).toEqual([coding, 415, 'urn:ietf:params:acme:error:malformed']);
      expect(head).toMatch(/^accept-encoding: identity\r$/im);
    }
    const plain = (await exchange(post('{}', 'application/json'))).status;
    expect((await coded('Identity')).status).toBe(plain);
  });

  it('leaves a long path to the route', async () => {
    expect((await exchange(get(`/items/${'x'.repeat(5_000)}`))).status).toBe(200);
  });

  it('gets an error for a too large body even while it is still sending it, and may continue', async () => {
    const socket = await open();
    const answers = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
        if (text.includes('"subject"')) resolve(text);
      });
    });
    const size = 900_000;
    socket.write(post('', 'text/plain', size).replace('Connection: close\r\n', ''));
    for (let sent = 0; sent < size; sent += 100_000) socket.write('x'.repeat(100_000));
    socket.write(get('/who'));
    const text = await answers;
    expect(text).toMatch(/^HTTP\/1\.1 413 .*HTTP\/1\.1 200 /s);
    socket.destroy();
  });

  const more = 'x'.repeat(16_384);
  it.each([
    [431, 'headers above the limit', `GET /who HTTP/1.1\r\nHost: ra.test\r\nX: ${more}${more}`, more],
    [400, 'what is not HTTP', '\u0016\u0003\u0001 nonsense\r\n\r\n', '\u0000\r\n\r\n'],
    [
      400,
      'a chunk without a size',
      `${post('', 'text/plain').replace('Content-Length: 0', 'Transfer-Encoding: chunked')}zz\r\n`,
      'zz\r\n',
    ],
  ])('%i to %s can be read while more of it is sent, over TLS and without', async (status, _, beginning, rest) => {
    const plain = createHttpServer({ log });
    addRoutes(plain);
    await plain.listen({ host: '127.0.0.1', port: 0 });
    const errors: Error[] = [];
    const listen = (accepted: Socket) => accepted.on('error', (error) => errors.push(error));
    server.app.server.once('secureConnection', listen);
    plain.server.once('connection', listen);
    for (const socket of [await open(), connectTcp(portOf(plain), '127.0.0.1')]) {
      const answered = new Promise((resolve) => socket.once('data', resolve));
      const ended = drain(socket);
      socket.write(beginning);
      await answered;
      for (let parts = 0; parts < 5; parts += 1) {
        await new Promise((resolve) => socket.write(rest, resolve));
        await turn();
      }
      socket.end();
      expect(await ended).toMatch(new RegExp(`^HTTP/1.1 ${status} .*\r\n\r\n$`, 's'));
    }
    await plain.close();
    expect(errors).toEqual([]);
  });

  it('ends the connection after a refused body whose length is unknown or far too large, and announces this', async () => {
    const socket = await open();
    const ended = drain(socket);
    socket.write('POST /items HTTP/1.1\r\nHost: ra.test\r\nContent-Type: application/json\r\n');
    socket.write('Transfer-Encoding: chunked\r\n\r\n');
    for (let sent = 0; sent < 300_000; sent += 4096) socket.write(`1000\r\n${'x'.repeat(4096)}\r\n`);
    socket.write(`0\r\n\r\n${get('/who')}`);
    const text = await ended;
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413']);
    expect(text).toMatch(/^connection: close\r$/im);
    const long = await exchange(post('', 'text/plain', 2 ** 30).replace('Connection: close\r\n', ''));
    expect([long.status, /^connection: close\r?$/im.test(long.head)]).toEqual([413, true]);
  });

  it('stops reading a body that is too large', async () => {
    const socket = await open();
    const ended = drain(socket);
    socket.write(post('', 'text/plain', 2 ** 40).replace('Connection: close\r\n', ''));
    const more = () => {
      while (socket.writable && socket.write('x'.repeat(65_536)));
    };
    socket.on('drain', more);
    more();
    expect(await ended).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('reveals nothing about an internal error, and logs it with the request’s id (no secret is returned)', async () => {
    logged.length = 0;
    const plain = await exchange(get('/broken'));
    expect(plain.status).toBe(500);
    expect(plain.json.type).toBe('urn:ietf:params:acme:error:serverInternal');
    const rest = await exchange(get('/api/v1/broken'));
    expect(rest.json).toMatchObject({ status: 'error', code: 'internal' });
    expect(plain.body + rest.body).not.toMatch(/hunter2/);
    const lines = logged.map((line) => JSON.parse(line)).filter(({ url }) => url === '/broken');
    expect(lines.find(({ level }) => level === 50)).toMatchObject({
      id: expect.any(String),
      err: { message: /hunter2/ },
    });
    expect(new Set(lines.map(({ id }) => id)).size).toBe(1);
  });

  it('answers 503 with Retry-After while the CA is away, and ends the connection: another RA may do better', async () => {
    const answer = await exchange('GET /away HTTP/1.1\r\nHost: ra.test\r\n\r\n');
    expect(answer.status).toBe(503);
    expect(answer.head).toMatch(/retry-after: \d+/i);
    expect(answer.head).toMatch(/^connection: close$/im);
    expect(answer.json.type).toBe('urn:ietf:params:acme:error:serverInternal');
    expect(answer.body).not.toContain('10.0.0.5');
  });

  it('answers 501 with the name of the task that the CA lacks, as a problem and in the REST envelope', async () => {
    const problem = await exchange(get('/lacking'));
    expect(problem.status).toBe(501);
    expect(problem.json).toMatchObject({
      type: 'urn:ietf:params:acme:error:serverInternal',
      status: 501,
      detail: expect.stringContaining('"list_nodes"'),
    });
    const envelope = await exchange(get('/api/v1/lacking'));
    expect(envelope.status).toBe(501);
    expect(envelope.json).toMatchObject({
      status: 'error',
      code: 'notImplemented',
      message: expect.stringContaining('"list_nodes"'),
    });
  });

  it('continues to serve after all of that', async () => {
    expect((await exchange(get('/who'))).status).toBe(200);
  });
});

describe('a request-target in absolute form (RFC 9112 §3.2.2)', () => {
  it.each([
    ['https://proxy.test:8443/asked?a=1', '/asked?a=1', 'proxy.test:8443'],
    ['http://proxy.test/asked', '/asked', 'proxy.test'],
    ['HTTPS://proxy.test/asked?at=https://x/', '/asked?at=https://x/', 'proxy.test'],
    ['/asked?at=https://x/', '/asked?at=https://x/', 'ra.test'],
  ])('%s is served as its path, and its authority replaces Host', async (target, url, host) => {
    expect((await exchange(get(target))).json).toEqual({ url, host });
  });

  it('without a path is the root', async () => {
    expect((await exchange(get('https://ra.test'))).status).toBe(404);
    expect((await exchange(get('https://ra.test?a'))).status).toBe(404);
  });

  it('is refused in the envelope under /api', async () => {
    const { json } = await exchange(get('https://ra.test/api/v1/nowhere'));
    expect(json).toMatchObject({ status: 'error', code: 'notFound' });
  });
});

describe('headers for browsers', () => {
  it.each([
    '/who',
    '/nowhere',
    '/broken',
    '/api/v1/broken',
    '/items/%zz',
  ])('is on every answer: %s', async (path) => {
    const { head } = await exchange(get(path));
    expect(head).toMatch(/^x-content-type-options: nosniff\r?$/im);
    expect(head).toMatch(/^content-security-policy: frame-ancestors 'none'\r?$/im);
    expect(head).not.toMatch(/strict-transport-security/i);
  });

  it('requires HTTPS for the host name where the server is configured to (RFC 6797)', async () => {
    const made = createHttpsServer({
      log,
      strictTransport: true,
      tls: { ...serverCertificate, clientCa: [pki.root] },
    });
    await made.app.listen({ host: '127.0.0.1', port: 0 });
    const { head } = await exchange(get('/'), {}, portOf(made.app));
    expect(head).toMatch(/^strict-transport-security: max-age=63072000\r?$/im);
    await made.app.close();
  });
});

describe('slow and greedy peers', () => {
  const hasty = {
    headersTime: 300,
    requestTime: 600,
    keepAliveTime: 300,
    handshakeTime: 300,
    checkInterval: 50,
  };

  it('are cut off when they do not finish their headers, their body, or say nothing', async () => {
    const running = await start(hasty);
    const silent = drain(await open({}, running.port));
    const headers = await open({}, running.port);
    const slowHeaders = drain(headers);
    headers.write('GET /who HTTP/1.1\r\nHost: ra.test\r\nX-Slow: ');
    const body = await open({}, running.port);
    const slowBody = drain(body);
    body.write(
      'POST /items HTTP/1.1\r\nHost: ra.test\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc',
    );
    const idle = await open({}, running.port);
    const keptAlive = drain(idle);
    idle.write('GET /who HTTP/1.1\r\nHost: ra.test\r\n\r\n');
    expect(parse(await slowHeaders).status).toBe(408);
    expect(parse(await slowBody).status).toBe(408);
    expect(parse(await keptAlive).status).toBe(200);
    await silent;
    await running.server.app.close();
  });

  it('are cut off when they never begin TLS', async () => {
    const running = await start(hasty);
    const socket = connectTcp(running.port, '127.0.0.1');
    await new Promise((resolve) => socket.on('close', resolve).on('error', () => {}));
    await running.server.app.close();
  });

  it('cannot take every connection: an address gets no more than are free, so that the next one is served', async () => {
    const running = await start({ connections: 9 });
    const from = (localAddress: string) => {
      const options: ConnectionOptions & { localAddress: string } = { localAddress };
      return open(options, running.port);
    };
    const greedy: TLSSocket[] = [];
    for (let each = 0; each < 5; each += 1) greedy.push(await from('127.0.0.1'));
    await expect(from('127.0.0.1')).rejects.toThrow();
    const other = [await from('127.0.0.2'), await from('127.0.0.2')];
    await expect(from('127.0.0.2')).rejects.toThrow();
    const third = await from('127.0.0.3');
    for (const socket of greedy.splice(0, 2)) socket.destroy();
    await expect
      .poll(() =>
        from('127.0.0.2').then(
          (more) => other.push(more),
          () => 0,
        ),
      )
      .toBe(3);
    for (const socket of [...greedy, ...other, third]) socket.destroy();
    await running.server.app.close();
  });
});

describe('too much at once', () => {
  it('is refused early with 503 and Retry-After, beginnings first, and accepted again afterwards', async () => {
    const made = createHttpsServer({
      log,
      limits: { requests: 2, beginnings: 1 },
      tls: { ...serverCertificate, clientCa: [pki.root] },
    });
    let release = () => {};
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    let bodies = 0;
    await made.app.register(async (app) => {
      app.addHook('onRequest', (_request, reply, done) => {
        reply.header('replay-nonce', 'fresh'); // as acme/ does, on every answer
        done();
      });
      app.addContentTypeParser('application/jose+json', { parseAs: 'buffer' }, (_request, body, done) => {
        bodies += 1;
        done(null, body);
      });
      app.get('/slow', () => {
        arrived();
        return new Promise((resolve) => (release = () => resolve({})));
      });
      app.post('/begin', { config: { begins: true } }, async () => ({}));
      app.post('/go-on', async () => ({}));
    });
    await made.app.listen({ host: '127.0.0.1', port: 0 });
    const to = portOf(made.app);
    const post = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: ra.test\r\nConnection: close\r\nContent-Type: application/jose+json\r\nContent-Length: 2\r\n\r\n{}`;
    const slow = exchange(get('/slow'), {}, to);
    await arrival;

    const refused = await exchange(post('/begin'), {}, to);
    expect(refused.status).toBe(503);
    expect(refused.head).toMatch(/^content-type: application\/problem\+json$/im);
    expect(refused.json.type).toBe('urn:ietf:params:acme:error:serverInternal');
    expect(refused.head).toMatch(/^retry-after: [1-4]$/im);
    expect(refused.head).toMatch(/^replay-nonce: fresh$/im); // RFC 8555 §6.5
    expect(bodies).toBe(0);
    // What goes on with something begun is let in for longer.
    expect((await exchange(post('/go-on'), {}, to)).status).toBe(200);

    release();
    expect((await slow).status).toBe(200);
    expect((await exchange(post('/begin'), {}, to)).status).toBe(200);
    await made.app.close();
  });

  it('does not count slow bodies, answers that are not read, or clients that have disconnected', async () => {
    const made = createHttpsServer({
      log,
      limits: { requests: 1, body: 100 },
      tls: { ...serverCertificate, clientCa: [pki.root] },
    });
    addRoutes(made.app);
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    made.app.get('/never', () => {
      arrived();
      return new Promise(() => {});
    });
    const large = Buffer.alloc(32 * 1024 * 1024);
    made.app.get('/large', async () => large);
    await made.app.listen({ host: '127.0.0.1', port: 0 });
    const to = portOf(made.app);
    const status = async () => (await exchange(get('/who'), {}, to)).status;

    const slow = await open({}, to);
    slow.write(
      'POST /items HTTP/1.1\r\nHost: ra.test\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nabc',
    );
    const unread = await open({}, to);
    unread.pause();
    unread.write(get('/large'));
    await new Promise((resolve) => unread.once('readable', resolve));
    expect(await status()).toBe(200);

    const gone = await open({}, to);
    gone.write(get('/never'));
    await arrival;
    expect(await status()).toBe(503);
    gone.destroy();
    while ((await status()) !== 200);
    for (const socket of [slow, unread]) socket.destroy();
    await made.app.close();
  });
});

describe('closing', () => {
  it('lets an open request finish, and cuts off one that does not', async () => {
    const running = await start({ closeGrace: 300 });
    const stuck = await open({}, running.port);
    const cut = drain(stuck);
    stuck.write(
      'POST /items HTTP/1.1\r\nHost: ra.test\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc',
    );
    const late = await open({}, running.port);
    const ended = drain(late);
    const body =
      'POST /items HTTP/1.1\r\nHost: ra.test\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n';
    late.write(body);
    await exchange(get('/who'), {}, running.port);
    const closed = running.server.app.close();
    late.write('abc');
    expect(parse(await ended).status).toBe(200);
    await cut;
    await closed;
  });

  it('answers a request that arrives on an open connection meanwhile, and ends the connection with it', async () => {
    const running = await start();
    const socket = await open({}, running.port);
    const ended = drain(socket);
    socket.write('GET /who HTTP/1.1\r\nHost: ra.test\r\n');
    await exchange(get('/who'), {}, running.port);
    const closed = running.server.app.close();
    while (running.server.app.server.listening) await turn();
    socket.write('\r\n');
    const { status, head } = parse(await ended);
    expect(status).toBe(200);
    expect(head).toMatch(/^connection: close$/im);
    await closed;
  });
});

describe('the plain listener', () => {
  it('serves routes and authenticates no client', async () => {
    const app = createHttpServer({ log });
    addRoutes(app);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const answer = await fetch(`http://127.0.0.1:${portOf(app)}/who`, {
      headers: { 'X-SSL-CLIENT-VERIFY': 'SUCCESS' },
    });
    expect(await answer.json()).toEqual({ subject: null });
    await app.close();
  });
});
