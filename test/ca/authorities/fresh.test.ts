import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { certId, ocspRequest, ocspStatus, readOcsp } from '../../support/ocsp.js';
import { BY, beside, ok, opensslVerifies, sign, start } from './harness.js';

describe('a fresh CA', () => {
  it('has one issuer under one root, and openssl -crl_check_all verifies its whole chain', async () => {
    const world = await start({}, { publicUrl: 'http://pki.example.test' });
    const ra = await world.registered();
    const { authorities } = await ra.call('get_authorities', {});
    expect(authorities.map(({ kind, state, key, first }) => ({ kind, state, key, first }))).toEqual([
      { kind: 'root', state: 'active', key: 'here', first: false },
      { kind: 'issuer', state: 'active', key: 'here', first: true },
    ]);
    const { pem } = await sign(ra, 'a.example.test');
    const { root } = await ra.call('get_ca_chain', {});
    expect(await opensslVerifies(world, ra, pem, root)).toMatch(ok);
    const issuer = parseCertificate(firstFromPem('CERTIFICATE', authorities[1]?.certificate ?? ''));
    const text = issuer.der.toString('latin1');
    expect(text).toContain(`http://pki.example.test/crl/${authorities[0]?.id}.crl`);
    expect(text).toContain(`http://pki.example.test/issuer/${authorities[0]?.id}.cer`);
    expect(issuer.notBefore).toBeLessThanOrEqual(Date.now() - 3_590_000);
  });

  it('answers OCSP about its issuer in the name of the root', async () => {
    const world = await start();
    const ra = await world.registered();
    const { authorities } = await ra.call('get_authorities', {});
    const [root, issuer] = authorities.map(({ certificate }) => firstFromPem('CERTIFICATE', certificate));
    if (!root || !issuer) throw new Error('they are missing');
    for (const hash of ['sha1', 'sha256'] as const) {
      const request = ocspRequest([certId(root, parseCertificate(issuer).serial, hash)]);
      const { response } = await ra.call('ocsp_respond', { request: request.toString('base64') });
      expect(readOcsp(Buffer.from(response, 'base64'), root).answers[0]?.status).toBe('good');
    }
  });

  it('answers an OCSP request about certificates of two issuers with unauthorized: no client could verify it (RFC 6960 §4.2.2)', async () => {
    const world = await start();
    const ra = await world.registered();
    const { authorities } = await ra.call('get_authorities', {});
    const [root, issuer] = authorities.map(({ certificate }) => firstFromPem('CERTIFICATE', certificate));
    if (!root || !issuer) throw new Error('they are missing');
    const { leaf } = await sign(ra, 'two.example.test');
    const about = (...ids: Buffer[]) =>
      ra.call('ocsp_respond', { request: ocspRequest(ids).toString('base64') });
    const [own, above] = [certId(issuer, leaf.serial), certId(root, parseCertificate(issuer).serial)];
    for (const both of [await about(own, above), await about(above, own)]) {
      expect(ocspStatus(Buffer.from(both.response, 'base64'))).toBe(6);
      expect(both.this_update).toBeUndefined();
    }
    // Of one issuer, and of nobody's: answered, as is each alone.
    const { response } = await about(own, certId(issuer, '7f00'));
    expect(readOcsp(Buffer.from(response, 'base64'), issuer).answers.map(({ status }) => status)).toEqual([
      'good',
      'unknown',
    ]);
  });

  it('a peer cannot revoke its issuer', async () => {
    const ra = await (await start()).registered();
    const { authorities } = await ra.call('get_authorities', {});
    const { serial } = parseCertificate(firstFromPem('CERTIFICATE', authorities[1]?.certificate ?? ''));
    await expect(ra.call('revoke_serial', { serial: BigInt(`0x${serial}`) })).rejects.toThrow(
      /on its machine/,
    );
  });
});

describe('a young issuer that names no CRL of its root', () => {
  const names = (pem: string) =>
    /\/crl\/[0-9a-f]{20}\.crl/.test(firstFromPem('CERTIFICATE', pem).toString('latin1'));

  it('is replaced by an issuer with these URLs as soon as they are known', async () => {
    const world = await start({}, { publicUrl: null });
    const ra = await world.registered();
    const { authorities } = await ra.call('get_authorities', {});
    expect(authorities.map(({ kind, state, certificate }) => [kind, state, names(certificate)])).toEqual([
      ['root', 'active', false],
      ['issuer', 'retired', false],
      ['issuer', 'active', true],
    ]);
  });

  it('stays in use while the URLs are unknown', async () => {
    const world = await start({ publicUrl: null }, { publicUrl: null });
    const { authorities } = await (await world.registered()).call('get_authorities', {});
    expect(authorities).toHaveLength(2);
  });

  it('cross-certificates have the CRL URL of the root that signed them', async () => {
    const world = await start();
    const ra = await world.registered();
    await beside(world, ({ roots }) => roots.begin(BY));
    const { authorities } = await ra.call('get_authorities', {});
    const crosses = authorities.filter(({ kind }) => kind === 'cross');
    expect(crosses).toHaveLength(2);
    for (const { certificate, root } of crosses)
      expect(firstFromPem('CERTIFICATE', certificate).toString('latin1')).toContain(`/crl/${root}.crl`);
  });
});
