import { describe, expect, it } from 'vitest';
import { reverseName } from '../../src/va/tls-alpn-01.js';
import {
  type AlpnCertificateOptions,
  alpnCertificate,
  httpServer,
  tlsServer,
} from '../../tools/kit/challenge-servers.js';
import { closing, dnsZone, failure, KEY_AUTHORIZATION, validate } from './world.js';

const NAME = 'app.example.test';
const here = { [`A ${NAME}`]: { records: [{ a: '127.0.0.1' }] } };
const alpn = { type: 'tls-alpn-01' } as const;
const right: AlpnCertificateOptions = { names: [NAME], keyAuthorization: KEY_AUTHORIZATION };

const against = async (certificate: AlpnCertificateOptions, options?: Parameters<typeof tlsServer>[1]) => {
  const server = closing(await tlsServer(alpnCertificate(certificate), options));
  return validate(await dnsZone(here), alpn, { tlsPort: server.port });
};

describe('RFC 8737 §3 tls-alpn-01', () => {
  it('a name is proven by the certificate made for the challenge, requested with its SNI', async () => {
    const names: string[] = [];
    const server = closing(
      await tlsServer(alpnCertificate(right), { ALPNProtocols: ['acme-tls/1'] }, (name) => names.push(name)),
    );
    const result = await validate(await dnsZone(here), alpn, { tlsPort: server.port });
    expect(result).toMatchObject({ ok: true, attempts: [{ target: `127.0.0.1:${server.port}` }] });
    expect(names).toEqual([NAME]);
  });

  it('an IP address is proven with its reverse name as SNI (RFC 8738 §6)', async () => {
    const names: string[] = [];
    const certificate = alpnCertificate({ ...right, names: ['127.0.0.1'] });
    const server = closing(
      await tlsServer(certificate, { ALPNProtocols: ['acme-tls/1'] }, (name) => names.push(name)),
    );
    const identifier = { type: 'ip', value: '127.0.0.1' } as const;
    expect((await validate(await dnsZone(), { ...alpn, identifier }, { tlsPort: server.port })).ok).toBe(
      true,
    );
    expect(names).toEqual(['1.0.0.127.in-addr.arpa']);
    expect(reverseName('2001:db8::1')).toBe(
      '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
    );
  });

  it.each<[string, AlpnCertificateOptions, string, RegExp]>([
    ['another name', { ...right, names: ['other.test'] }, 'unauthorized', /names dns other\.test$/],
    ['a second name', { ...right, names: [NAME, 'other.test'] }, 'unauthorized', /must name exactly/],
    ['no name', { ...right, names: [] }, 'unauthorized', /names nothing/],
    ['an address for a name', { ...right, names: ['127.0.0.1'] }, 'unauthorized', /must name exactly/],
    ['no acmeIdentifier', { ...right, extension: false }, 'unauthorized', /no acmeIdentifier/],
    ['an acmeIdentifier that is not critical', { ...right, critical: false }, 'unauthorized', /not critical/],
    ['another digest', { ...right, keyAuthorization: 'x' }, 'incorrectResponse', /expected/],
    ['a digest cut short', { ...right, digestLength: 31 }, 'incorrectResponse', /expected/],
  ])('a certificate with %s is refused', async (_, certificate, type, detail) => {
    const result = failure(await against(certificate));
    expect(result.type).toBe(type);
    expect(result.detail).toMatch(detail);
  });

  it('the kinds of the names are told: an address as a DNS name reads the same', async () => {
    const certificate = alpnCertificate({ ...right, names: ['127.0.0.1.'] });
    const server = closing(await tlsServer(certificate));
    const identifier = { type: 'ip', value: '127.0.0.1' } as const;
    const result = await validate(await dnsZone(), { ...alpn, identifier }, { tlsPort: server.port });
    expect(failure(result).detail).toMatch(/must name exactly ip 127\.0\.0\.1; it names dns 127\.0\.0\.1\.$/);
  });

  it('a peer that does not negotiate the ALPN protocol is refused (RFC 8737 §4)', async () => {
    expect(failure(await against(right, {}))).toMatchObject({ type: 'tls', retryable: true });
    expect(failure(await against(right, { ALPNProtocols: ['http/1.1'] })).type).toBe('tls');
  });

  it('a peer without TLS causes a tls error, and an unused port a connection error', async () => {
    const plain = closing(await httpServer((_, response) => response.end('x')));
    const options = { tlsPort: plain.port };
    expect(failure(await validate(await dnsZone(here), alpn, options)).type).toBe('tls');
    await plain.close();
    expect(failure(await validate(await dnsZone(here), alpn, options)).type).toBe('connection');
  });

  it('a peer that never answers times out', async () => {
    const { createServer } = await import('node:net');
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closing({ close: () => new Promise((resolve) => silent.close(() => resolve())) });
    const { port: tlsPort } = silent.address() as import('node:net').AddressInfo;
    const result = failure(await validate(await dnsZone(here), alpn, { tlsPort, timeout: 300 }));
    expect(result.detail).toContain('timed out');
  });
});
