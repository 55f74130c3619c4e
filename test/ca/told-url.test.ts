import { X509Certificate } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { newCurveKeyPair } from '../../src/channel/curve-keys.js';
import { watchRevocationUrls } from '../../src/programs/ra/unrevocable.js';
import { parseCertificate } from '../../src/x509/certificate.js';
import { firstFromPem } from '../../src/x509/pem.js';
import { requestPem } from '../support/requests.js';
import { CaWorld } from '../support/world/ca.js';

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function world(publicUrl: string | null = null) {
  const warnings: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void warnings.push(JSON.parse(line).msg) });
  const ca = await new CaWorld({ publicUrl, log }).start();
  ending.push(() => ca.close());
  const register = async (cn: string, url?: string) => {
    const keys = newCurveKeyPair();
    const answer = await ca.registration().call('register', {
      cn,
      csr: requestPem([cn]),
      curve_public_key: keys.publicKey,
      ...(url !== undefined && { public_url: url }),
    });
    return { own: answer.certificate, client: ca.operations(keys) };
  };
  return { ca, warnings, register };
}

const crlOf = (pem: string) =>
  parseCertificate(firstFromPem('CERTIFICATE', pem)).extensions.get('2.5.29.31')?.value.toString('latin1') ??
  '';

describe('a CA without UPKI_CA_PUBLIC_URL', () => {
  it('puts the first RA’s CRL and OCSP URLs into certificates, including the RA’s own', async () => {
    const { register, warnings } = await world();
    const { own, client } = await register('ra.example.test', 'http://ra.example.test:8001');
    expect(crlOf(own)).toContain('http://ra.example.test:8001/crl/');
    const { certificate } = await client.call('sign', { csr: requestPem(['app.example.test']) });
    expect(crlOf(certificate)).toContain('http://ra.example.test:8001/crl/');
    expect(new X509Certificate(certificate).infoAccess).toContain('http://ra.example.test:8001/ocsp');
    expect(warnings).toEqual([]);
  });

  it('keeps the URL over a restart, follows changes by the RA that sent it, and logs them', async () => {
    const { ca, register, warnings } = await world();
    await register('ra.example.test', 'http://ra.example.test:8001');
    await ca.stop();
    await ca.start();
    expect(crlOf((await register('ra.example.test')).own)).toContain('http://ra.example.test:8001/crl/');
    const { own } = await register('ra.example.test', 'http://ra.example.test:9001');
    expect(crlOf(own)).toContain('http://ra.example.test:9001/crl/');
    expect(warnings).toEqual([
      expect.stringContaining('was http://ra.example.test:8001, is now http://ra.example.test:9001'),
    ]);
  });

  it('does not let another RA change the URL, and logs the attempt', async () => {
    const { register, warnings } = await world();
    await register('ra.example.test', 'http://ra.example.test:8001');
    const { own } = await register('other.example.test', 'http://other.example.test:8001');
    expect(crlOf(own)).toContain('http://ra.example.test:8001/crl/');
    expect(warnings).toEqual([expect.stringContaining('UPKI_CA_PUBLIC_URL decides')]);
  });

  it('without a URL logs a warning when it issues, once an hour', async () => {
    const { register, warnings } = await world();
    const { client } = await register('ra.example.test');
    for (const name of ['a.example.test', 'b.example.test']) {
      await client.call('sign', { csr: requestPem([name]) });
    }
    expect(warnings).toEqual([expect.stringContaining('UPKI_CA_PUBLIC_URL')]);
  });

  it.each([
    'https://ra.example.test',
    'http://ra.example.test/',
    'http://ra.example.test/x',
    'http://u@ra.example.test',
    'ldap://ra.example.test',
    'http://ra.example.test:8001?x',
    ' http://ra.example.test',
    '',
  ])('refuses %j as such an URL', async (url) => {
    const { register } = await world();
    await expect(register('ra.example.test', url)).rejects.toThrow('public_url');
  });
});

it('UPKI_CA_PUBLIC_URL overrides the URL of an RA', async () => {
  const { register, warnings } = await world('http://pki.example.test');
  const { own } = await register('ra.example.test', 'http://ra.example.test:8001');
  expect(crlOf(own)).toContain('http://pki.example.test/crl/');
  expect(warnings).toEqual([]);
});

it('an RA warns of certificates without CRL and OCSP at most once an hour', async () => {
  const without = await world();
  const { client } = await without.register('ra.example.test');
  const bare = (await client.call('sign', { csr: requestPem(['a.example.test']) })).certificate;
  const told = await world('http://pki.example.test');
  const { own: whole } = await told.register('ra.example.test');
  const warnings: string[] = [];
  let now = 0;
  const look = watchRevocationUrls(
    (sentence) => warnings.push(sentence),
    () => now,
  );
  look(bare);
  look(bare);
  expect(warnings).toHaveLength(1);
  now += 3600_000;
  look(whole);
  expect(warnings).toHaveLength(1);
  now += 3600_000;
  look(bare);
  expect(warnings).toHaveLength(2);
});
