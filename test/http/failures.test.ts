import { connect as connectTcp, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer } from '../../src/http/server.js';
import { addRoutes, drain, get, log, logged, portOf, TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.close());

describe('requests that are refused', () => {
  it('answers an unknown path with 404 as a problem (RFC 8555 §6.7), or in the envelope under /api', async () => {
    const plain = await server.exchange(get('/nowhere'));
    expect(plain.status).toBe(404);
    expect(plain.head).toMatch(/content-type: application\/problem\+json/i);
    expect(plain.json).toMatchObject({ type: 'urn:ietf:params:acme:error:malformed', status: 404 });
    const rest = await server.exchange(get('/api/v1/nowhere'));
    expect(rest.json).toEqual({ status: 'error', code: 'notFound', message: expect.any(String) });
  });

  it('answers a wrong method with 405 and Allow (RFC 9110 §15.5.6)', async () => {
    const answer = await server.exchange(get('/items/7').replace('GET', 'DELETE'));
    expect(answer.status).toBe(405);
    expect(answer.head).toMatch(/allow: GET, HEAD, PUT\r/i);
    expect((await server.exchange(get('/files/a/b').replace('GET', 'DELETE'))).status).toBe(405);
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
    expect((await server.exchange(text)).status).toBe(status);
  });

  it('answers a body in a coding with 415 and the coding it takes (RFC 9110 §12.5.3, §15.5.16)', async () => {
    const coded = (coding: string) =>
      server.exchange(
        post('{}', 'application/json').replace('\r\n\r\n', `\r\nContent-Encoding: ${coding}\r\n\r\n`),
      );
    for (const coding of ['gzip', 'deflate, gzip', 'Identity, br']) {
      const { status, head, json } = await coded(coding);
      expect([coding, status, json.type]).toEqual([coding, 415, 'urn:ietf:params:acme:error:malformed']);
      expect(head).toMatch(/^accept-encoding: identity\r$/im);
    }
    const plain = (await server.exchange(post('{}', 'application/json'))).status;
    expect((await coded('Identity')).status).toBe(plain);
  });

  it('leaves a long path to the route', async () => {
    expect((await server.exchange(get(`/items/${'x'.repeat(5_000)}`))).status).toBe(200);
  });

  it('gets an error for a too large body even while it is still sending it, and may continue', async () => {
    const socket = await server.open();
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
    for (const socket of [await server.open(), connectTcp(portOf(plain), '127.0.0.1')]) {
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
    const socket = await server.open();
    const ended = drain(socket);
    socket.write('POST /items HTTP/1.1\r\nHost: ra.test\r\nContent-Type: application/json\r\n');
    socket.write('Transfer-Encoding: chunked\r\n\r\n');
    for (let sent = 0; sent < 300_000; sent += 4096) socket.write(`1000\r\n${'x'.repeat(4096)}\r\n`);
    socket.write(`0\r\n\r\n${get('/who')}`);
    const text = await ended;
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413']);
    expect(text).toMatch(/^connection: close\r$/im);
    const long = await server.exchange(post('', 'text/plain', 2 ** 30).replace('Connection: close\r\n', ''));
    expect([long.status, /^connection: close\r?$/im.test(long.head)]).toEqual([413, true]);
  });

  it('stops reading a body that is too large', async () => {
    const socket = await server.open();
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
    const plain = await server.exchange(get('/broken'));
    expect(plain.status).toBe(500);
    expect(plain.json.type).toBe('urn:ietf:params:acme:error:serverInternal');
    const rest = await server.exchange(get('/api/v1/broken'));
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
    const answer = await server.exchange('GET /away HTTP/1.1\r\nHost: ra.test\r\n\r\n');
    expect(answer.status).toBe(503);
    expect(answer.head).toMatch(/retry-after: \d+/i);
    expect(answer.head).toMatch(/^connection: close$/im);
    expect(answer.json.type).toBe('urn:ietf:params:acme:error:serverInternal');
    expect(answer.body).not.toContain('10.0.0.5');
  });

  it('answers 501 with the name of the task that the CA lacks, as a problem and in the REST envelope', async () => {
    const problem = await server.exchange(get('/lacking'));
    expect(problem.status).toBe(501);
    expect(problem.json).toMatchObject({
      type: 'urn:ietf:params:acme:error:serverInternal',
      status: 501,
      detail: expect.stringContaining('"list_nodes"'),
    });
    const envelope = await server.exchange(get('/api/v1/lacking'));
    expect(envelope.status).toBe(501);
    expect(envelope.json).toMatchObject({
      status: 'error',
      code: 'notImplemented',
      message: expect.stringContaining('"list_nodes"'),
    });
  });

  it('continues to serve after all of that', async () => {
    expect((await server.exchange(get('/who'))).status).toBe(200);
  });
});
