import type { RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { alpnCertificate, httpServer } from '../../tools/kit/challenge-servers.js';
import { closing, dnsZone, failure, KEY_AUTHORIZATION, TOKEN, validate } from './world.js';

const PATH = `/.well-known/acme-challenge/${TOKEN}`;
const serve = async (listener: RequestListener, host?: string) => closing(await httpServer(listener, host));
const answering =
  (body: string | Buffer, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status);
    response.end(body);
  };
const here = { 'A app.example.test': { records: [{ a: '127.0.0.1' }] } };

describe('http-01 (RFC 8555 §8.3)', () => {
  it('is proven by the key authorization at the well-known path, requested with the name as Host', async () => {
    const seen: string[] = [];
    const web = await serve((incoming, response) => {
      seen.push(`${incoming.method} ${incoming.url} ${incoming.headers.host}`);
      response.end(KEY_AUTHORIZATION);
    });
    const result = await validate(await dnsZone(here), {}, { httpPort: web.port });
    expect(result.ok).toBe(true);
    expect(seen).toEqual([`GET ${PATH} app.example.test:${web.port}`]);
    expect(result.attempts).toMatchObject([
      { target: `127.0.0.1:${web.port}`, outcome: 'HTTP 200, 76 bytes' },
    ]);
  });

  it('ignores whitespace after the key authorization', async () => {
    const web = await serve(answering(`${KEY_AUTHORIZATION} \r\n\n`));
    expect((await validate(await dnsZone(here), {}, { httpPort: web.port })).ok).toBe(true);
  });

  it('reads a chunked answer', async () => {
    const web = await serve((_, response) => {
      for (const character of KEY_AUTHORIZATION) response.write(character);
      response.end();
    });
    expect((await validate(await dnsZone(here), {}, { httpPort: web.port })).ok).toBe(true);
  });

  it('proves an IP address, requested with the address as Host (RFC 8738 §4)', async () => {
    const web = await serve(answering(KEY_AUTHORIZATION));
    const identifier = { type: 'ip', value: '127.0.0.1' } as const;
    const dns = await dnsZone();
    expect((await validate(dns, { identifier }, { httpPort: web.port })).ok).toBe(true);
    expect(dns.questions).toEqual([]);
  });

  it('reports address, status, size and content of a wrong answer', async () => {
    const web = await serve(answering('<html>It works!</html>'));
    const result = failure(await validate(await dnsZone(here), {}, { httpPort: web.port }));
    expect(result).toMatchObject({ type: 'incorrectResponse', retryable: true });
    expect(result.detail).toContain(`127.0.0.1:${web.port}`);
    expect(result.detail).toContain('22 bytes "<html>It works!</html>"');
  });

  it('is unauthorized on any other status', async () => {
    const web = await serve(answering('no\u0000pe', 404));
    const result = failure(await validate(await dnsZone(here), {}, { httpPort: web.port }));
    expect(result).toMatchObject({ type: 'unauthorized', retryable: true });
    expect(result.detail).toContain('HTTP 404, 5 bytes "no.pe"');
  });

  it('cuts a body that does not end', async () => {
    const web = await serve((_, response) => {
      response.on('error', () => {});
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65536)));
      };
      response.on('drain', more);
      more();
    });
    const result = failure(await validate(await dnsZone(here), {}, { httpPort: web.port }));
    expect(result).toMatchObject({ type: 'incorrectResponse' });
    expect(result.detail).toContain('16384 bytes');
  });

  it('times out on a peer that sends single octets', async () => {
    const web = await serve((_, response) => {
      response.write('x');
    });
    const result = failure(await validate(await dnsZone(here), {}, { httpPort: web.port, timeout: 300 }));
    expect(result).toMatchObject({ type: 'connection', retryable: true });
    expect(result.detail).toContain('timed out');
  });

  it('reports a refused connection with every address it tried', async () => {
    const web = await httpServer(answering(''));
    await web.close();
    const dns = await dnsZone({
      'A app.example.test': { records: [{ a: '127.0.0.1' }, { a: '127.0.0.2' }] },
    });
    const result = failure(await validate(dns, {}, { httpPort: web.port }));
    expect(result).toMatchObject({ type: 'connection', retryable: true });
    expect(result.detail).toContain(`127.0.0.1:${web.port}: connection refused`);
    expect(result.detail).toContain(`127.0.0.2:${web.port}: connection refused`);
  });

  it('survives a peer that does not speak HTTP', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).resume();
      socket.end('SSH-2.0-OpenSSH\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing({ close: () => new Promise((resolve) => server.close(() => resolve())) });
    const { port } = server.address() as AddressInfo;
    expect(failure(await validate(await dnsZone(here), {}, { httpPort: port })).type).toBe('connection');
  });

  it('does not wait forever for a peer that switches protocols', async () => {
    const peer = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\nzz'),
      );
    });
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
    const { port } = peer.address() as AddressInfo;
    const found = failure(await validate(await dnsZone(here), {}, { httpPort: port }));
    peer.close();
    expect(found.type).toBe('connection');
  });

  it('tries IPv6 first and falls back to IPv4', async () => {
    const dns = await dnsZone({
      'A app.example.test': { records: [{ a: '127.0.0.1' }] },
      'AAAA app.example.test': { records: [{ aaaa: '::1' }] },
    });
    const four = await serve(answering(KEY_AUTHORIZATION));
    const fallback = await validate(dns, {}, { httpPort: four.port });
    expect(fallback.ok).toBe(true);
    expect(fallback.attempts.map(({ target }) => target)).toEqual([
      `[::1]:${four.port}`,
      `127.0.0.1:${four.port}`,
    ]);
    const six = await serve(answering(KEY_AUTHORIZATION), '::1');
    const first = await validate(dns, {}, { httpPort: six.port });
    expect(first.attempts.map(({ target }) => target)).toEqual([`[::1]:${six.port}`]);
  });

  it('fails with a dns error for a name without addresses', async () => {
    expect(failure(await validate(await dnsZone(), {}, { httpPort: 9 }))).toMatchObject({
      type: 'dns',
      retryable: true,
    });
  });
});

describe('redirects of http-01 (RFC 8555 §8.3)', () => {
  const redirecting =
    (location: (port: number) => string, final = KEY_AUTHORIZATION): RequestListener =>
    (incoming, response) => {
      const { localPort = 0 } = incoming.socket;
      if (incoming.url === PATH) response.writeHead(302, { Location: location(localPort) }).end();
      else response.end(final);
    };

  it('are followed, relative and absolute', async () => {
    for (const location of [
      () => '/elsewhere',
      (port: number) => `http://app.example.test:${port}/elsewhere`,
    ]) {
      const web = await serve(redirecting(location));
      expect((await validate(await dnsZone(here), {}, { httpPort: web.port })).ok).toBe(true);
    }
  });

  it('are followed to https without checking its certificate', async () => {
    const server = createHttpsServer(alpnCertificate({ names: ['other.test'] }), (_, response) => {
      response.end(KEY_AUTHORIZATION);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing({ close: () => new Promise((resolve) => server.close(() => resolve())) });
    const { port: tlsPort } = server.address() as AddressInfo;
    const web = await serve(redirecting(() => `https://app.example.test:${tlsPort}/x`));
    expect((await validate(await dnsZone(here), {}, { httpPort: web.port, tlsPort })).ok).toBe(true);
  });

  it.each([
    ['another scheme', 'ftp://app.example.test/x', /neither http nor https/],
    ['another port', 'http://app.example.test:22/x', /port 22 is not allowed/],
    ['a user name', 'http://root@app.example.test/x', /user name/],
    ['no URL', 'http://', /no URL/],
  ])('to %s are refused', async (_, location, message) => {
    const web = await serve(redirecting(() => location));
    const result = failure(await validate(await dnsZone(here), {}, { httpPort: web.port }));
    expect(result.type).toBe('connection');
    expect(result.detail).toMatch(message);
  });

  it('are abandoned if they form a loop or never end', async () => {
    const circle = await serve((_, response) => response.writeHead(302, { Location: PATH }).end());
    expect(failure(await validate(await dnsZone(here), {}, { httpPort: circle.port })).detail).toContain(
      'circle',
    );
    let count = 0;
    const endless = await serve((_, response) => {
      count += 1;
      response.writeHead(302, { Location: `/${count}` }).end();
    });
    const result = failure(await validate(await dnsZone(here), {}, { httpPort: endless.port }));
    expect(result.detail).toContain('more than 10 redirects');
    expect(count).toBe(11);
  });
});

describe('UPKI_VA_DENY keeps http-01 from forbidden addresses', () => {
  it.each(['169.254.169.254', '0.0.0.0', '224.0.0.1'])('%s is never dialed by default', async (address) => {
    const dns = await dnsZone({ 'A app.example.test': { records: [{ a: address }] } });
    const result = failure(await validate(dns, {}, { httpPort: 80 }));
    expect(result).toMatchObject({ type: 'connection', retryable: false });
    expect(result.attempts).toMatchObject([
      { outcome: expect.stringMatching(/^not dialed: \S+ of UPKI_VA_DENY$/) },
    ]);
  });

  it.each([
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    'fe80::1',
    'fd00:ec2::254',
  ])('the identifier %s is never dialed by default', async (value) => {
    const identifier = { type: 'ip', value } as const;
    expect(failure(await validate(await dnsZone(), { identifier }))).toMatchObject({
      type: 'rejectedIdentifier',
      retryable: false,
    });
  });

  it('it applies after a redirect to an address', async () => {
    const web = await serve((_, response) =>
      response.writeHead(302, { Location: 'http://169.254.169.254/latest/meta-data' }).end(),
    );
    const result = failure(await validate(await dnsZone(here), {}, { httpPort: web.port }));
    expect(result.detail).toContain('policy forbids');
  });

  it('it applies after a redirect to a name that resolves to a forbidden address', async () => {
    const web = await serve((incoming, response) => {
      response.writeHead(302, { Location: `http://evil.example.test:${incoming.socket.localPort}/x` }).end();
    });
    const dns = await dnsZone({ ...here, 'A evil.example.test': { records: [{ a: '169.254.169.254' }] } });
    expect(failure(await validate(dns, {}, { httpPort: web.port })).detail).toContain('policy forbids');
  });

  it('it checks the address that is dialed: a name that rebinds between hops is caught', async () => {
    let answers = 0;
    const dns = await dnsZone();
    dns.set('A app.example.test', () => {
      answers += 1;
      return { records: [{ a: answers === 1 ? '127.0.0.1' : '169.254.169.254' }] };
    });
    const web = await serve((_, response) => response.writeHead(302, { Location: '/again' }).end());
    expect(failure(await validate(dns, {}, { httpPort: web.port })).detail).toContain('policy forbids');
    expect(answers).toBe(2);
  });

  it('it uses the operator’s list', async () => {
    const web = await serve(answering(KEY_AUTHORIZATION));
    const denied = await validate(await dnsZone(here), {}, { httpPort: web.port, deny: ['127.0.0.0/8'] });
    expect(failure(denied).detail).toContain('policy forbids');
    const mixed = { 'A app.example.test': { records: [{ a: '10.0.0.1' }, { a: '127.0.0.1' }] } };
    expect((await validate(await dnsZone(mixed), {}, { httpPort: web.port, deny: ['10.0.0.0/8'] })).ok).toBe(
      true,
    );
  });
});
