import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { buildCrl } from '../../../src/ca/revoke/crl.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { signingWorld } from '../../../tools/kit/signing-world.js';
import { requestPem } from '../../support/requests.js';
import type { CaWorld } from '../../support/world/ca.js';
import { order, start } from './harness.js';

describe('revocation and the CRL (RFC 5280 §5)', () => {
  const crlOf = async (ra: Awaited<ReturnType<CaWorld['registered']>>) => {
    const { number, entries } = parseCrl(Buffer.from(await ra.call('get_crl', {}), 'base64'));
    return { number: Number(number), entries };
  };

  it('lists a revocation with its reason in a CRL with a higher number, and reports an already revoked certificate', async () => {
    const ra = await (await start()).registered();
    const { serial } = await ra.call('acme_issue_certificate', order('o', ['a.example.test']));
    const before = await crlOf(ra);
    const wire = BigInt(`0x${serial}`);
    await expect(ra.call('revoke_serial', { serial: wire, reason: 1 })).resolves.toEqual({ already: false });
    await expect(ra.call('revoke_serial', { serial: wire, reason: 4 })).resolves.toEqual({ already: true });
    const after = await crlOf(ra);
    expect(after.number).toBeGreaterThan(before.number);
    expect(after.entries).toMatchObject([{ serial, reason: 1 }]);
    await expect(ra.call('ocsp_check', { serial: wire })).resolves.toMatchObject({
      status: 'revoked',
      serial,
      revoke_reason: 'keyCompromise',
    });
  });

  it('releases a certificate from hold, and from no other revocation', async () => {
    const ra = await (await start()).registered();
    const held = await ra.call('sign', { csr: requestPem(['held.example.test']) });
    await ra.call('revoke', { dn: 'held.example.test', reason: 'certificateHold' });
    expect((await crlOf(ra)).entries).toMatchObject([{ serial: held.serial, reason: 6 }]);
    await expect(ra.call('unrevoke', { dn: '/CN=held.example.test' })).resolves.toBe(true);
    expect((await crlOf(ra)).entries).toEqual([]);
    await ra.call('revoke', { dn: 'held.example.test', reason: 'keyCompromise' });
    await expect(ra.call('unrevoke', { dn: 'held.example.test' })).rejects.toMatchObject({
      code: 300,
      message: 'Certificate is not on hold: held.example.test',
    });
  });

  it('makes one CRL for many revocations at once, and none is left out', async () => {
    let published = 0;
    const count = {
      write(line: string) {
        if (line.includes('CRL published')) published += 1;
      },
    };
    const ra = await (await start({ log: pino({ level: 'debug' }, count) })).registered();
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, n) => ra.call('sign', { csr: requestPem([`n${n}.example.test`]) })),
    );
    const before = (await crlOf(ra)).number;
    published = 0;
    await Promise.all(made.map(({ serial }) => ra.call('revoke_serial', { serial: BigInt(`0x${serial}`) })));
    const crl = await crlOf(ra);
    expect(crl.entries.map(({ serial }) => serial).sort()).toEqual(made.map(({ serial }) => serial).sort());
    expect(crl.number).toBeGreaterThan(before);
    expect(published).toBeGreaterThan(0);
    expect(published).toBeLessThan(20);
  });

  it('uses its CRL again after a restart, but not one signed by another key', async () => {
    const world = await start();
    const before = await crlOf(await world.registered());
    await world.stop();
    await world.start();
    expect((await crlOf(await world.registered())).number).toBe(before.number);
    await world.stop();
    const { openCaStore } = await import('../../../src/store/index.js');
    const store = await openCaStore(`${world.dataDir}/ca.db`);
    const stranger = await signingWorld();
    const number = await store.allocateCrlNumber('', 0);
    const times = { thisUpdate: Date.now(), nextUpdate: Date.now() + 86_400_000 };
    const issuer = { certificate: stranger.intermediate, signer: signerFor(stranger.issuerKey) };
    async function* none() {}
    const der = await buildCrl(issuer, { number: BigInt(number), ...times }, none());
    await store.putCrl('', { number, der, ...times });
    await store.close();
    await world.start();
    expect((await crlOf(await world.registered())).number).toBeGreaterThan(number);
  });

  it('publishes a revocation whose CRL was cut off by a crash', async () => {
    const world = await start();
    const ra = await world.registered();
    const { serial } = await ra.call('sign', { csr: requestPem(['a.example.test']) });
    await world.stop();
    const { openCaStore } = await import('../../../src/store/index.js');
    const store = await openCaStore(`${world.dataDir}/ca.db`);
    await store.revoke(serial, Date.now(), 1);
    await store.close();
    await world.start();
    const again = await world.registered();
    expect((await crlOf(again)).entries).toMatchObject([{ serial, reason: 1 }]);
  });
});

describe('the ways to name a certificate', () => {
  it('finds it by bare CN, /CN=, whole DN in both notations, and serial as number, digits or hex', async () => {
    const ra = await (await start()).registered();
    const { serial } = await ra.call('sign', {
      csr: requestPem([], { cn: 'Ada Lovelace' }),
      profile: 'user',
    });
    const references = [
      'Ada Lovelace',
      '/CN=Ada Lovelace',
      '/OU=Users/CN=Ada Lovelace',
      'CN=Ada Lovelace,OU=Users',
      BigInt(`0x${serial}`),
      BigInt(`0x${serial}`).toString(),
      `0x${serial}`,
      serial.toUpperCase().replace(/..(?=.)/g, '$&:'),
    ];
    for (const dn of references) {
      await expect(ra.call('view', { dn }), String(dn)).resolves.toMatchObject({ serial, profile: 'user' });
    }
    for (const dn of ['Ada', '/CN=Ada', 'CN=Ada Lovelace,OU=Other', '/O=Company', 12345, 'a=b']) {
      await expect(ra.call('view', { dn }), String(dn)).rejects.toMatchObject({
        kind: 'notFound',
        message: `Certificate not found: ${dn}`,
      });
    }
  });
});
