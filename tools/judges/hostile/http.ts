import assert from 'node:assert/strict';
import { type ConnectionOptions, connect } from 'node:tls';
import type { Attack } from './attack.js';
import type { Target } from './target.js';

const FOREIGN: Record<string, string>[] = [
  { Origin: 'https://evil.test' },
  { Origin: 'null' },
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site' },
];
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Attacks by browsers, sockets and JSON. */
export function httpAttacks(target: Target): Attack[] {
  const { admin: by, upki } = target;
  const generate = (headers: Record<string, string>) =>
    target.ask('POST', '/api/v1/private/crl/generate', { by, headers });
  return [
    {
      promise: 'A page of another site changes nothing with the certificate of its visitor',
      async attempt() {
        for (const headers of FOREIGN)
          assert.equal((await generate(headers)).status, 403, JSON.stringify(headers));
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
          assert.equal((await generate({ 'Content-Type': type })).status, 415, type);
        }
        assert.equal((await generate({})).status, 200, 'a program without those headers');
      },
    },
    {
      promise: 'A client certificate is proved by TLS, never by a header',
      async attempt() {
        for (const name of ['Client-Cert', 'X-SSL-CLIENT-CERT', 'X-Forwarded-Client-Cert']) {
          const headers = { [name]: encodeURIComponent(by.cert), 'X-SSL-CLIENT-VERIFY': 'SUCCESS' };
          assert.equal((await target.ask('GET', '/api/v1/private/admins', { headers })).status, 401, name);
        }
      },
    },
    {
      promise: 'JSON with a member twice is refused',
      async attempt() {
        const body = '{"dn":"/CN=bob","dn":"/CN=mallory"}';
        const { status } = await target.ask('POST', '/api/v1/private/admins', {
          by,
          headers: JSON_TYPE,
          body,
        });
        assert.equal(status, 400);
      },
    },
    {
      promise: 'Node names go through the same IDNA check as identifiers',
      async attempt() {
        for (const cn of ['a\u00ad.corp.test', 'a\u200b.corp.test', 'xn--a.corp.test', 'a..corp.test']) {
          const body = JSON.stringify({ cn, profile: 'server' });
          const { status } = await target.ask('POST', '/api/v1/private/nodes', {
            by,
            headers: JSON_TYPE,
            body,
          });
          assert.equal(status, 400, JSON.stringify(cn));
        }
      },
    },
    {
      promise: 'A request with two Host fields is a 400',
      async attempt() {
        const text =
          'GET /acme/directory HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\nConnection: close\r\n\r\n';
        assert.match(await exchange(upki, text), /^HTTP\/1\.1 400 /);
      },
    },
    {
      promise: 'TLS 1.2 without CBC and CCM_8, nothing older',
      async attempt() {
        const offers: ConnectionOptions[] = [
          { ciphers: 'ECDHE-ECDSA-AES128-SHA256', maxVersion: 'TLSv1.2' },
          { ciphers: 'ECDHE-ECDSA-AES128-CCM8', maxVersion: 'TLSv1.2' },
          { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1', maxVersion: 'TLSv1.1' },
        ];
        for (const each of offers) await assert.rejects(exchange(upki, '', each), JSON.stringify(each));
      },
    },
    {
      promise: 'Answers are not sniffed, framed, or kept when they are private',
      async attempt() {
        const { headers } = await target.ask('GET', '/api/v1/private/admins', { by });
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
        assert.equal(headers['cache-control'], 'no-store');
      },
    },
    {
      promise: 'A body without end is refused with 413 and the connection ends',
      async attempt() {
        const head =
          'POST /acme/new-order HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/jose+json\r\n';
        const chunks = `1000\r\n${'x'.repeat(4096)}\r\n`.repeat(100);
        const text = await exchange(upki, `${head}Transfer-Encoding: chunked\r\n\r\n${chunks}`);
        assert.match(text, /^HTTP\/1\.1 413 /);
        assert.match(text, /^connection: close\r$/im);
        assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1);
      },
    },
    {
      promise: 'No input holds the event loop: twenty times 8 KB of sans= are answered at once',
      async attempt() {
        const sans = encodeURIComponent(`a${' '.repeat(2600)}a`);
        const costly = Array.from({ length: 20 }, () =>
          target.ask('GET', `/api/v1/public/magic/server?cn=a.test&sans=${sans}`),
        );
        const began = performance.now();
        await Promise.all(costly);
        assert.ok(performance.now() - began < 3_000);
      },
    },
    {
      promise: 'Seeds cannot be guessed: after a few wrong ones an address is told to wait',
      async attempt() {
        const statuses: number[] = [];
        for (let guess = 0; guess < 8; guess += 1) {
          const body = JSON.stringify({ csr: 'x', seed: `guess-${guess}` });
          const headers = JSON_TYPE;
          statuses.push((await target.ask('POST', '/api/v1/public/certify', { headers, body })).status);
        }
        assert.deepEqual(statuses, [403, 403, 403, 403, 403, 429, 429, 429]);
      },
    },
  ];
}

/** Sends the text and resolves with the whole response. */
function exchange(upki: Target['upki'], text: string, options: ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host: '127.0.0.1', port: upki.ports.ra, servername: 'localhost', ca: upki.rootPem },
      ...options,
    });
    let received = '';
    socket.setTimeout(20_000, () => socket.destroy(new Error('the server says nothing')));
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    socket.once('secureConnect', () => socket.write(text));
  });
}
