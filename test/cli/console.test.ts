import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConsoleServer, readAdministrator, startConsole } from '../../src/cli/console-server.js';
import { newFolder } from '../../tools/kit/folder.js';
import { CLIENT_AUTH, createTestPki } from '../../tools/kit/test-pki.js';
import { CHECKOUT } from '../../tools/kit/upki.js';

/** What the RA was asked, and by whom. */
const asked: { method: string; url: string; headers: Record<string, unknown>; by: string; body: string }[] =
  [];
let running: ConsoleServer;
let port: number;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  const pki = createTestPki();
  const { key, cert } = pki.leaf({ commonName: 'alice', usages: [CLIENT_AUTH] });
  const administrator = { key, certificate: cert, root: pki.root };
  const server = pki.leaf({ names: ['localhost'] });
  const ra = createServer(
    { ...server, ca: pki.root, requestCert: true, rejectUnauthorized: false },
    async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { method = '', url = '', headers } = request;
      const by = (request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'nobody';
      asked.push({ method, url, headers, by: String(by), body });
      response.writeHead(201, { 'content-type': 'application/json', 'set-cookie': 'a=b' }).end('{"data":1}');
    },
  );
  await new Promise<void>((listening) => ra.listen(0, '127.0.0.1', listening));
  closing.push(() => ra.close());
  const base = `https://localhost:${(ra.address() as AddressInfo).port}`;
  running = await startConsole({ administrator, base, port: 0, folder: join(CHECKOUT, 'dist', 'console') });
  closing.push(running.close);
  port = Number(new URL(running.link).port);
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

let cookie = '';

it('every request needs the cookie, and a wrong token gives no cookie', async () => {
  expect((await ask('/console/')).status).toBe(403);
  expect((await ask('/api/v1/private/nodes')).status).toBe(403);
  expect((await ask('/start?token=wrong')).status).toBe(403);
  expect((await ask('/console/', { cookie: 'upki_console=wrong' })).status).toBe(403);
  expect(asked).toEqual([]);
});

it('the link works once, and sets a cookie that no script and no other site can use', async () => {
  const { pathname, search } = new URL(running.link);
  const first = await ask(pathname + search);
  expect([first.status, first.headers.location]).toEqual([303, '/console/']);
  const [given = ''] = first.headers['set-cookie'] as string[];
  expect(given).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
  cookie = given.split(';')[0] ?? '';
  expect((await ask(pathname + search)).status).toBe(403);
  expect((await ask('/console/', { cookie })).status).toBe(200);
});

it('API requests use the administrator’s certificate; neither cookie nor origin is forwarded', async () => {
  const headers = {
    cookie,
    'content-type': 'application/json',
    'content-length': '8',
    origin: `http://127.0.0.1:${port}`,
  };
  const answer = await ask('/api/v1/private/nodes?limit=1', headers, 'POST', '{"cn":1}');
  expect([answer.status, answer.body, answer.headers['set-cookie']]).toEqual([201, '{"data":1}', undefined]);
  expect(asked).toMatchObject([
    { method: 'POST', url: '/api/v1/private/nodes?limit=1', by: 'alice', body: '{"cn":1}' },
  ]);
  for (const name of ['cookie', 'origin', 'sec-fetch-site'])
    expect(asked[0]?.headers).not.toHaveProperty(name);
});

it.each([
  [421, { host: 'evil.example:80' }],
  [403, { 'sec-fetch-site': 'cross-site' }],
  [403, { 'sec-fetch-site': 'same-site' }],
  [403, { origin: 'https://evil.example' }],
  [403, { origin: 'null' }],
])('a page of another site is refused with %i by %j', async (status, headers) => {
  const before = asked.length;
  const answer = await ask('/api/v1/private/nodes', { cookie, ...headers } as Record<string, string>, 'POST');
  expect(answer.status).toBe(status);
  expect(asked).toHaveLength(before);
});

it.each([
  '/',
  '/etc/passwd',
  '/console/../cli/main.js',
  '/acme/directory',
  '//evil.example/api/v1/x',
  '/api/v2/x',
])('%s is nothing here', async (path) => {
  const before = asked.length;
  expect((await ask(path, { cookie })).status).toBe(404);
  expect(asked).toHaveLength(before);
});

it('a folder without an administrator’s files is refused with a sentence', () => {
  expect(() => readAdministrator(newFolder())).toThrow(
    /is not a folder of an administrator: it holds no \.key file/,
  );
});

it.each([
  ['ended', -2, -1, /cannot sign in: the certificate of CN=bob ended on .* `upki admin add`/],
  ['not begun', 1, 2, /cannot sign in: the certificate of CN=bob is valid from .* by this machine's clock/],
])('an administrator whose certificate has %s is told so before a link is given', (_, from, to, why) => {
  const folder = newFolder();
  const pki = createTestPki();
  const [notBefore, notAfter] = [from, to].map((hours) => Date.now() + hours * 3600_000);
  const times = { notBefore: notBefore ?? 0, notAfter: notAfter ?? 0 };
  const { key, cert } = pki.leaf({ commonName: 'bob', usages: [CLIENT_AUTH], ...times });
  writeFileSync(join(folder, 'bob.key'), key);
  writeFileSync(join(folder, 'bob.crt'), cert);
  writeFileSync(join(folder, 'upki-root.crt'), pki.root);
  expect(() => readAdministrator(folder)).toThrow(why);
});
