import { describe, expect, it } from 'vitest';
import { newCurveKeyPair } from '../../../src/channel/curve-keys.js';
import { subjectAltNames } from '../../../src/x509/certificate.js';
import { newKey, requestPem } from '../../support/requests.js';
import { leaf, order, start } from './harness.js';

describe('issuing for orders (RFC 8555 §7.4)', () => {
  it('answers any number of concurrent requests for one order with one certificate', async () => {
    const ra = await (await start()).registered();
    const request = order('order-1', ['www.example.test']);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => ra.call('acme_issue_certificate', request)),
    );
    expect(new Set(answers.map(({ serial }) => serial)).size).toBe(1);
    const { certificates } = await ra.call('list_certificates', {});
    expect(certificates.filter(({ cn }) => cn === 'www.example.test')).toHaveLength(1);
  });

  it('returns the stored certificate after a crash between storing and answering', async () => {
    const world = await start();
    const keys = newCurveKeyPair();
    await world.registration().call('register', {
      cn: 'ra.example.test',
      csr: requestPem(['ra.example.test']),
      curve_public_key: keys.publicKey,
    });
    const request = order('order-1', ['www.example.test']);
    const lost = await world.operations(keys).call('acme_issue_certificate', request);
    await world.stop();
    await world.start();
    await expect(world.operations(keys).call('acme_issue_certificate', request)).resolves.toEqual(lost);
  });

  it('refuses another key, or other names, for an order that has its certificate', async () => {
    const ra = await (await start()).registered();
    const key = newKey();
    await ra.call('acme_issue_certificate', order('order-1', ['www.example.test'], key));
    for (const other of [order('order-1', ['www.example.test']), order('order-1', ['a.example.test'], key)]) {
      await expect(ra.call('acme_issue_certificate', other)).rejects.toMatchObject({
        message: 'Order order-1 already has a certificate for another request',
        kind: 'badCSR',
      });
    }
  });

  it('refuses a CSR that names more, less or anything else than the order', async () => {
    const ra = await (await start()).registered();
    const identifiers = [
      { type: 'dns' as const, value: 'a.example.test' },
      { type: 'ip' as const, value: '192.0.2.1' },
    ];
    const ip = { type: 'ip' as const, value: '192.0.2.1' };
    const requests = [
      requestPem(['a.example.test']),
      requestPem(['a.example.test', ip, 'b.example.test']),
      requestPem(['a.example.test', ip], { cn: 'b.example.test' }),
      requestPem(['a.example.test', ip, { type: 'email', value: 'x@example.test' }]),
      requestPem([]),
      'garbage',
    ];
    for (const [index, csr] of requests.entries()) {
      const request = { order_id: `order-${index}`, identifiers, csr };
      await expect(ra.call('acme_issue_certificate', request)).rejects.toMatchObject({
        kind: 'badCSR',
        code: 300,
      });
    }
    const good = { order_id: 'good', identifiers, csr: requestPem(['A.example.test', ip], { cn: null }) };
    const { certificate, chain } = await ra.call('acme_issue_certificate', good);
    expect(subjectAltNames(leaf(certificate))).toEqual(identifiers);
    expect(leaf(chain).subject).toEqual(leaf(certificate).issuer);
  });

  it('keeps notBefore and notAfter within the profile', async () => {
    const ra = await (await start()).registered();
    const day = (days: number) =>
      new Date(Math.floor(Date.now() / 1000) * 1000 + days * 86_400_000).toISOString();
    const wanted = { ...order('o1', ['a.example.test']), not_before: day(1), not_after: day(3) };
    const { certificate } = await ra.call('acme_issue_certificate', wanted);
    expect(leaf(certificate).notBefore).toBe(Date.parse(wanted.not_before));
    expect(leaf(certificate).notAfter).toBe(Date.parse(wanted.not_after));
    const long = { ...order('o2', ['a.example.test']), not_after: day(400) };
    await expect(ra.call('acme_issue_certificate', long)).rejects.toMatchObject({ code: 300 });
  });

  it('refuses profiles that are not for ACME', async () => {
    const ra = await (await start()).registered();
    for (const profile of ['ca', 'ra', 'user', 'none']) {
      const request = { ...order(`order-${profile}`, ['a.example.test']), profile };
      await expect(ra.call('acme_issue_certificate', request)).rejects.toMatchObject({ code: 500 });
    }
  });
});
