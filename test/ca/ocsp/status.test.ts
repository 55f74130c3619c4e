import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { firstFromPem } from '../../../src/x509/pem.js';
import { certId, ocspRequest, ocspStatus, readOcsp } from '../../support/ocsp.js';
import { DAY, HOUR, start } from './harness.js';

describe('RFC 6960 §2.2 the status of a certificate', () => {
  it('is good, revoked with time and reason, good again after a hold, and revoked permanently', async () => {
    const { ra, ask, issue, time } = await start();
    const serial = await issue('a.example.test');
    const single = async () => (await ask(serial)).answers;
    expect(await single()).toMatchObject([{ serial, status: 'good', revokedAt: null }]);
    await ra.call('revoke', { dn: 'a.example.test', reason: 'certificateHold' });
    const second = Math.floor(time.now / 1000) * 1000;
    expect(await single()).toMatchObject([{ status: 'revoked', revokedAt: second, reason: 6 }]);
    await ra.call('unrevoke', { dn: 'a.example.test' });
    expect(await single()).toMatchObject([{ status: 'good', revokedAt: null }]);
    await ra.call('revoke', { dn: 'a.example.test', reason: 'keyCompromise' });
    expect(await single()).toMatchObject([{ status: 'revoked', reason: 1 }]);
  });

  it('is found by every supported hash of CertID, and unknown by another, whose issuer cannot be recognised', async () => {
    const { ask, issue } = await start();
    const serial = await issue('a.example.test');
    const told: Record<string, string | undefined> = {};
    for (const hash of ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const) {
      told[hash] = (await ask(serial, { hash })).answers[0]?.status;
    }
    expect(told).toEqual({ sha1: 'good', sha224: 'unknown', sha256: 'good', sha384: 'good', sha512: 'good' });
  });

  it('is unknown for a serial that was never issued, and for one of ours under another issuer’s name or key', async () => {
    const { ra, send, ask, issue, issuer } = await start();
    const serial = await issue('a.example.test');
    expect((await ask('7f00')).answers).toMatchObject([{ serial: '7f00', status: 'unknown' }]);
    const ours = certId(issuer, serial);
    const { root } = await ra.call('get_ca_chain', {});
    const others = certId(firstFromPem('CERTIFICATE', root), serial);
    // CertID: SEQUENCE, AlgorithmIdentifier (11), name hash (22), key hash (22), serial.
    const parts = (id: Buffer) => [
      id.subarray(0, 13),
      id.subarray(13, 35),
      id.subarray(35, 57),
      id.subarray(57),
    ];
    const [head, name, key, number] = parts(ours);
    const [, otherName, otherKey] = parts(others);
    const mixed = [
      [head, otherName, key, number],
      [head, name, otherKey, number],
    ].map((each) => Buffer.concat(each.map((part) => part ?? expect.unreachable())));
    const { response } = await send(ocspRequest([ours, ...mixed]));
    expect(readOcsp(response, issuer).answers.map(({ status }) => status)).toEqual([
      'good',
      'unknown',
      'unknown',
    ]);
    // The root did not sign it either.
    const rootDer = firstFromPem('CERTIFICATE', root);
    const asRoots = await send(ocspRequest([others]));
    expect(readOcsp(asRoots.response, rootDer).answers).toMatchObject([{ status: 'unknown' }]);
  });

  it('of an expired certificate stays unchanged; the JSON form is expired', async () => {
    const { ra, statusOf, issue, time } = await start();
    const [kept, revoked] = [await issue('a.example.test'), await issue('b.example.test')];
    await ra.call('revoke', { dn: 'b.example.test' });
    time.now += 61 * DAY;
    expect([await statusOf(kept), await statusOf(revoked)]).toEqual(['good', 'revoked']);
    const json = async (serial: string) => (await ra.call('ocsp_check', { serial })).status;
    expect([await json(kept), await json(revoked)]).toEqual(['expired', 'revoked']);
  });
});

describe('RFC 6960 §2.3 requests that get no status', () => {
  it.each([
    ['garbage is malformedRequest', Buffer.from('not DER'), 1],
    ['an empty list is malformedRequest', ocspRequest([]), 1],
  ])('%s', async (_, request, status) => {
    const { send } = await start();
    const answer = await send(request);
    expect(ocspStatus(answer.response)).toBe(status);
    expect(answer.next_update).toBeUndefined();
  });

  it('a request with more certificates than any chain is unauthorized', async () => {
    const { send, issuer } = await start();
    const ids = (count: number) =>
      Array.from({ length: count }, (_, n) => certId(issuer, (n + 16).toString(16)));
    expect(readOcsp((await send(ocspRequest(ids(20)))).response, issuer).answers).toHaveLength(20);
    expect(ocspStatus((await send(ocspRequest(ids(21)))).response)).toBe(6);
  });
});

describe('a revocation that was answered', () => {
  it('is in every later response, and so is its end', async () => {
    const { ra, statusOf, issue } = await start();
    const serial = await issue('a.example.test');
    const wrong: string[] = [];
    let answered: string | null = 'good';
    let asking = true;
    const askers = Array.from({ length: 3 }, async () => {
      while (asking) {
        const before = answered;
        const told = await statusOf(serial);
        if (before !== null && before === answered && told !== before) wrong.push(`${before}, told ${told}`);
      }
    });
    for (let round = 0; round < 10; round += 1) {
      for (let n = 0; n < 3; n += 1) await statusOf(serial);
      answered = null;
      await ra.call('revoke', { dn: 'a.example.test', reason: 'certificateHold' });
      answered = 'revoked';
      for (let n = 0; n < 3; n += 1) await statusOf(serial);
      answered = null;
      await ra.call('unrevoke', { dn: 'a.example.test' });
      answered = 'good';
    }
    asking = false;
    await Promise.all(askers);
    expect(wrong).toEqual([]);
  });

  it('does not bring back earlier responses when it ends, even to requests with a nonce', async () => {
    const { ra, ask, issue, time } = await start();
    const serial = await issue('a.example.test');
    const before = await ask(serial);
    time.now += HOUR;
    await ra.call('revoke', { dn: 'a.example.test', reason: 'certificateHold' });
    await ask(serial, { nonce: Buffer.alloc(8) });
    time.now += HOUR;
    await ra.call('unrevoke', { dn: 'a.example.test' });
    const after = await ask(serial);
    expect(after.answers[0]?.status).toBe('good');
    expect(after.producedAt).toBe(before.producedAt + 2 * HOUR);
  });

  it('by another process on the same store is in the next response', async () => {
    const { world, statusOf, issue } = await start();
    const serial = await issue('a.example.test');
    expect(await statusOf(serial)).toBe('good');
    const { openCaStore } = await import('../../../src/store/index.js');
    const store = await openCaStore(join(world.dataDir, 'ca.db'));
    await store.revoke(serial, Date.now(), 1);
    await store.close();
    expect(await statusOf(serial)).toBe('revoked');
  });
});
