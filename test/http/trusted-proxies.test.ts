import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { ClientIdentity } from '../../src/http/identity.js';
import { type ProxyHeader, trustedProxies } from '../../src/http/trusted-proxies.js';
import { CLIENT_AUTH, createTestPki, type LeafOptions, SERVER_AUTH } from '../../tools/kit/test-pki.js';

const NOW = Date.now();
const HOUR = 3600_000;
const pki = createTestPki();
const x509 = new X509Certificate(pki.leaf({ commonName: 'proxy', usages: [CLIENT_AUTH] }).cert);
const proxy: ClientIdentity = {
  certificate: x509.raw,
  serial: x509.serialNumber.toLowerCase(),
  subject: x509.subject,
  x509,
  notBefore: NOW - HOUR,
  notAfter: NOW + HOUR,
};

/** Whom a proxy at this address passes on with these headers. */
function look(headers: Record<string, string>, header: ProxyHeader = 'Client-Cert', address = '10.1.2.3') {
  const behind = trustedProxies({
    proxies: [
      { name: 'other', network: '0.0.0.0/0' },
      { name: 'proxy', network: '10.0.0.0/8' },
      { name: 'proxy', network: 'fd00::/8' },
    ],
    header,
    authorities: () => [pki.root],
    isGood: async () => true,
    now: () => NOW,
  });
  return behind({ headers } as unknown as FastifyRequest, { identity: proxy, address });
}

const passed = (options: LeafOptions = {}) => {
  const { cert } = pki.leaf({ commonName: 'alice', usages: [CLIENT_AUTH], ...options });
  return { 'client-cert': `:${new X509Certificate(cert).raw.toString('base64')}:` };
};

describe('a certificate that a proxy passes on', () => {
  it('counts as the client’s', async () => {
    expect((await look(passed()))?.identity?.subject).toBe('CN=alice');
  });

  it.each<[string, LeafOptions]>([
    ['one that has expired', { notBefore: NOW - 2 * HOUR, notAfter: NOW - HOUR }],
    ['one not yet valid', { notBefore: NOW + HOUR, notAfter: NOW + 2 * HOUR }],
    ['one for servers only (RFC 5280 §4.2.1.12)', { usages: [SERVER_AUTH] }],
  ])('does not count: %s', async (_, options) => {
    expect(await look(passed(options))).toEqual({ identity: null, address: '10.1.2.3' });
  });

  it('does not count with a signature that is not our authority’s, whatever issuer it names', async () => {
    const stranger = createTestPki().leaf({ commonName: 'alice', usages: [CLIENT_AUTH] });
    const raw = new X509Certificate(stranger.cert).raw;
    expect((await look({ 'client-cert': `:${raw.toString('base64')}:` }))?.identity).toBeNull();
  });

  it.each(['10.1.2.3', 'fd00::1', 'fdff::1'])('counts from %s, which is in the network', async (address) => {
    expect((await look(passed(), 'Client-Cert', address))?.identity).not.toBeNull();
  });

  it.each([
    '11.0.0.1',
    '::1',
    'fe80::1',
    'nonsense',
  ])('is not looked at from %s, which is not', async (address) => {
    expect(await look(passed(), 'Client-Cert', address)).toBeNull();
  });
});

describe('headers of a trusted proxy, whatever they contain,', () => {
  const anything = fc.oneof(
    fc.string(),
    fc.string().map((text) => `:${Buffer.from(text).toString('base64')}:`),
    fc
      .string()
      .map((text) => encodeURIComponent(`-----BEGIN CERTIFICATE-----${text}-----END CERTIFICATE-----`)),
    fc.uint8Array().map((bytes) => `:${Buffer.from(bytes).toString('base64')}:`),
  );

  it.each<ProxyHeader>([
    'Client-Cert',
    'X-SSL-CLIENT-CERT',
  ])('%s make nobody of somebody and never throw', async (header) => {
    await fc.assert(
      fc.asyncProperty(anything, fc.string(), async (value, forwarded) => {
        const headers = {
          [header.toLowerCase()]: value,
          'x-ssl-client-verify': 'SUCCESS',
          'x-forwarded-for': forwarded,
        };
        expect((await look(headers, header))?.identity).toBeNull();
      }),
    );
  });

  it.each([
    ['198.51.100.1', '198.51.100.1'],
    ['198.51.100.1, 203.0.113.7', '203.0.113.7'],
    [' 2001:db8::1 ', '2001:db8::1'],
    ['198.51.100.1,', '10.1.2.3'],
    ['unknown', '10.1.2.3'],
    ['', '10.1.2.3'],
  ])('X-Forwarded-For: %j is a client at %s', async (value, address) => {
    expect((await look({ 'x-forwarded-for': value }))?.address).toBe(address);
  });
});
