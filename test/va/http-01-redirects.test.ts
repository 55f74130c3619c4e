import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RedirectPolicy } from '../../src/va/redirect-policy.js';
import { dnsZone, failure, KEY_AUTHORIZATION, TOKEN, validate } from './world.js';

const PATH = `/.well-known/acme-challenge/${TOKEN}`;
const here = { 'A app.example.test': { records: [{ a: '127.0.0.1' }] } };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A peer that says the text an answer is made of for a path, and closes the connection. */
async function peer(
  answer: (path: string, port: number) => string | Buffer,
  host = '127.0.0.1',
  at = 0,
): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (request) => {
      const [, path = ''] = /^GET (\S+) /.exec(request.toString('latin1')) ?? [];
      socket.end(answer(path, (server.address() as AddressInfo).port));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(at, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** Redirects the challenge's path as the text says, and has the key authorization everywhere else. */
const redirecting =
  (location: (port: number) => string | Buffer, body = KEY_AUTHORIZATION) =>
  (path: string, port: number) =>
    path === PATH
      ? Buffer.concat([
          Buffer.from('HTTP/1.0 302 Found\nLocation: '),
          Buffer.from(location(port)),
          Buffer.from('\n\n'),
        ])
      : `HTTP/1.0 200 OK\n\n${body}`;

describe('an http-01 answer of a device, over a connection,', () => {
  it.each([
    ['LF alone and a close at the end', `HTTP/1.0 200 OK\n\n${KEY_AUTHORIZATION}\n`],
    [
      'the same length twice',
      `HTTP/1.1 200 OK\r\nContent-Length: 76\r\nContent-Length: 76\r\n\r\n${KEY_AUTHORIZATION}`,
    ],
    ['a blank before the colon', `HTTP/1.1 200 OK\r\nServer : x\r\n\r\n${KEY_AUTHORIZATION}`],
    ['a folded field', `HTTP/1.1 200 OK\r\nServer: x\r\n y\r\n\r\n${KEY_AUTHORIZATION}`],
  ])('is accepted with %s', async (_, answer) => {
    const httpPort = await peer(() => answer);
    expect((await validate(await dnsZone(here), {}, { httpPort })).ok).toBe(true);
  });

  it('an HTTP error is reported without the text of a library', async () => {
    const httpPort = await peer(() => 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx');
    const { type, detail } = failure(await validate(await dnsZone(here), {}, { httpPort }));
    expect(type).toBe('connection');
    expect(detail).toMatch(/: sent Content-Length twice, with different lengths$/);
  });

  it('a redirect to https without TLS is reported without the text of a library', async () => {
    const httpPort = await peer(redirecting((port) => `https://app.example.test:${port}/x`));
    const { type, detail } = failure(await validate(await dnsZone(here), {}, { httpPort }));
    expect(type).toBe('tls');
    expect(detail).toMatch(/TLS handshake failed: the peer does not speak TLS there$/);
    expect(detail).not.toMatch(/error:|:0A|routines|[0-9A-F]{8}/);
  });
});

describe('a redirect is followed', () => {
  it.each<[string, (port: number) => string | Buffer]>([
    ['an absolute URL', (port) => `http://app.example.test:${port}/x`],
    ['capitals', (port) => `HTTP://APP.Example.TEST:${port}/x`],
    ['a dot at the end of the name', (port) => `http://app.example.test.:${port}/x`],
    ['a scheme-relative URL', (port) => `//app.example.test:${port}/x`],
    ['an absolute path', () => '/x'],
    ['a relative path', () => '../x'],
    ['a query alone', () => '?x=1'],
    ['a fragment', () => '/x#y'],
    ['blanks around the URL', () => ' \t/x \t'],
    ['a blank inside the URL', () => '/x y'],
    ['percent encoding', () => '/%78%20'],
    ['UTF-8', () => '/grüße'],
    ['Latin-1', () => Buffer.from('/grüße', 'latin1')],
    ['an international name', (port) => `http://bücher.example.test:${port}/x`],
    ['the A-label of an international name', (port) => `http://xn--bcher-kva.example.test:${port}/x`],
    ['the address', (port) => `http://127.0.0.1:${port}/x`],
    ['another spelling of the address', (port) => `http://0x7f.1:${port}/x`],
    ['backslashes', (port) => `http:\\\\app.example.test:${port}\\x`],
  ])('with %s in its Location', async (_, location) => {
    const httpPort = await peer(redirecting(location));
    const zone = { ...here, 'A xn--bcher-kva.example.test': { records: [{ a: '127.0.0.1' }] } };
    const result = await validate(await dnsZone(zone), {}, { httpPort });
    expect(result.ok ? '' : result.detail).toBe('');
  });
});

describe('redirects of http-01 stay within the reach of the identifier', () => {
  it.each([
    'http://127.0.0.2/',
    'http://localhost.example.test/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::127.0.0.2]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::7f00:1]/',
    'http://[::ffff:0:127.0.0.1]/',
    'http://2130706434/',
    'http://0/',
    'http://169.254.169.254/latest/meta-data',
    'http://[fe80::1]/',
    'http://168.63.129.16/machine',
    'http://192.0.0.192/',
    'http://[::ffff:168.63.129.16]/',
    'http://[fd00:ec2::254]/',
    'http://100.100.100.200/',
  ])('a redirect to %s causes a connection problem', async (location) => {
    const httpPort = await peer(redirecting(() => location));
    const zone = { ...here, 'A localhost.example.test': { records: [{ a: '127.0.0.3' }] } };
    for (const deny of [undefined, []]) {
      const options = { httpPort, ...(deny && { deny }) };
      const result = failure(await validate(await dnsZone(zone), {}, options));
      expect(result).toMatchObject({ type: 'connection', retryable: false });
      expect(result.detail).toContain('policy forbids');
      expect(result.detail).not.toContain('127.0.0.3');
    }
  });

  it('the client learns only the status of a redirected host, and not its address', async () => {
    const secret = 'password=hunter2';
    for (const status of [200, 404]) {
      const httpPort = await peer((path) =>
        path === PATH ? 'HTTP/1.0 302 Found\nLocation: /x\n\n' : `HTTP/1.0 ${status} ${secret}\n\n${secret}`,
      );
      const { detail } = failure(await validate(await dnsZone(here), {}, { httpPort }));
      expect(detail).not.toContain('hunter2');
      expect(detail).not.toMatch(/\d+ bytes/);
      if (status !== 200) expect(detail).toContain('HTTP 404');
    }
    for (const location of [
      `/${secret}`,
      `http://${secret}.test/`,
      `ftp://${secret}/`,
      `http://127.0.0.7/${secret}`,
    ]) {
      const httpPort = await peer((path) =>
        path === PATH
          ? 'HTTP/1.0 302 Found\nLocation: /x\n\n'
          : path === '/x'
            ? `HTTP/1.0 302 x\nLocation: ${location}\n\n`
            : 'HTTP/1.0 404 x\n\nno',
      );
      const { detail } = failure(await validate(await dnsZone(here), {}, { httpPort }));
      expect(detail).not.toContain('hunter2');
    }
  });

  it.each([
    ['203.0.113.5', '10.0.0.1', false],
    ['203.0.113.5', 'fd00::1', false],
    ['203.0.113.5', '::ffff:10.0.0.1', false],
    ['203.0.113.5', '198.51.100.1', true],
    ['203.0.113.5', '203.0.113.5', true],
    ['10.0.0.1', '10.0.0.2', true],
    ['10.0.0.1', '203.0.113.5', true],
    ['10.0.0.1', '127.0.0.1', false],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['127.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '169.254.1.1', false],
    ['10.0.0.1', '64:ff9b::a00:2', true],
    ['203.0.113.5', '64:ff9b::a00:2', false],
  ])('a redirect from %s to %s is allowed: %s', (from, to, allowed) => {
    const redirects = new RedirectPolicy();
    redirects.reached(from);
    expect(redirects.allows(to)).toBe(allowed);
  });

  it('after a redirect to the outside, only the first address inside may follow', () => {
    const redirects = new RedirectPolicy();
    for (const each of ['10.0.0.1', '203.0.113.5']) redirects.reached(each);
    expect(redirects.allows('10.0.0.2')).toBe(false);
    expect(redirects.allows('10.0.0.1')).toBe(true);
  });

  it('dead addresses are tried in parallel with the next one, and not again after a redirect', async () => {
    // TEST-NET-1 leads nowhere: packets to it get no answer, or the system has no way there.
    const dns = await dnsZone({
      'A app.example.test': { records: [{ a: '192.0.2.91' }, { a: '192.0.2.92' }, { a: '127.0.0.1' }] },
    });
    const httpPort = await peer(redirecting((port) => `http://app.example.test:${port}/x`));
    const started = performance.now();
    const result = await validate(dns, {}, { httpPort });
    expect(result.ok).toBe(true);
    expect(performance.now() - started).toBeLessThan(2_500);
    const alive = result.attempts.filter(({ outcome }) => outcome.startsWith('HTTP'));
    expect(alive).toHaveLength(2);
  });
});
