import { describe, expect, test } from 'vitest';
import type { CertificateRecord } from '../../../src/store/contract/ca.js';
import { anAuthority, HOUR, NOW } from '../../../tools/kit/facts.js';
import type { CaWorld } from './ca-store.contract.js';

/** What is forgotten of a CA, and what is not. */
export function caRetentionContract(world: CaWorld): void {
  const DAY = 24 * HOUR;
  const { record } = world;
  const ended = (facts: Partial<CertificateRecord> = {}) =>
    record({ notBefore: NOW - 40 * DAY, notAfter: NOW - 10 * DAY, ...facts });
  const isThere = async ({ serial }: CertificateRecord) => (await world.store.findBySerial(serial)) !== null;

  describe('retention', () => {
    test('certificates that expired before a time are removed with their names and counts, and later ones stay', async () => {
      const { store } = world;
      const gone = await ended({ orderId: 'o1', identifiers: [{ type: 'dns', value: 'gone.example.test' }] });
      const kept = await ended({ notAfter: NOW - 9 * DAY });
      const good = await record({ notAfter: NOW + DAY });
      await store.findNotRenewed(NOW - 10 * DAY, 100);
      expect(await store.countPurgeable(NOW - 9 * DAY)).toEqual({ certificates: 1, documents: 0 });
      expect(await store.purgeCertificates(NOW - 9 * DAY, 100)).toBe(1);
      expect(await isThere(gone)).toBe(false);
      expect([await isThere(kept), await isThere(good)]).toEqual([true, true]);
      expect(await store.findByOrder('o1')).toBeNull();
      const search = { after: null, limit: 9, now: NOW, query: { name: 'gone.example.test' } };
      expect((await store.searchCertificates(search)).items).toEqual([]);
      expect((await store.listNotRenewed({ after: null, limit: 9, now: NOW - 10 * DAY })).items).toEqual([]);
      const counted = await store.countCertificates(NOW);
      expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(2);
      expect(await store.purgeCertificates(NOW - 9 * DAY, 100)).toBe(0);
    });

    test('a step removes no more certificates than requested, the earliest expired first', async () => {
      const { store } = world;
      const all = [];
      for (const days of [12, 13, 11]) all.push(await ended({ notAfter: NOW - days * DAY }));
      expect(await store.purgeCertificates(NOW, 2)).toBe(2);
      expect(await Promise.all(all.map(isThere))).toEqual([false, false, true]);
    });

    test('the counts of purged certificates are removed, also if they were summed by day', async () => {
      const { store } = world;
      for (const hours of [0, 1, 30]) await ended({ notAfter: NOW - 10 * DAY - hours * HOUR });
      await store.foldCounts(NOW);
      expect(await store.purgeCertificates(NOW, 100)).toBe(3);
      await store.foldCounts(NOW);
      expect((await store.countCertificates(NOW)).filter(({ count }) => count !== 0)).toEqual([]);
    });

    test('a revoked certificate stays until a CRL of its issuer was made after its expiry (RFC 5280 §3.3)', async () => {
      const { store } = world;
      await store.addAuthority(anAuthority({ tag: '' }), null);
      const revoked = await ended();
      await store.revoke(revoked.serial, NOW - 20 * DAY, 1, undefined, 'the key');
      const crl = { der: new Uint8Array([1]), nextUpdate: NOW };
      await store.putCrl('', { ...crl, number: 1, thisUpdate: revoked.notAfter });
      expect(await store.purgeCertificates(NOW, 100)).toBe(0);
      await store.putCrl('', { ...crl, number: 2, thisUpdate: revoked.notAfter + 1 });
      expect(await store.purgeCertificates(NOW, 100)).toBe(1);
      expect(await isThere(revoked)).toBe(false);
      expect(await store.isCompromisedKey('the key')).toBe(true);
      expect((await store.listCompromisedKeys({ after: 0, limit: 9 })).items).toEqual(['the key']);
    });

    test('the newest certificate of a channel peer stays, and with it the fact that the peer is blocked', async () => {
      const { store } = world;
      const peer = { publicKey: 'k'.repeat(40), role: 'ra' as const, cn: 'ra.test', addedAt: NOW };
      const [first, second] = [await ended({ profile: 'ra' }), await ended({ profile: 'ra' })];
      await store.admitPeer({ ...peer, serial: first.serial });
      await store.addPeerCertificate(peer.publicKey, second.serial);
      await store.addAuthority(anAuthority({ tag: '' }), null);
      await store.revoke(second.serial, NOW - 20 * DAY, 1);
      await store.putCrl('', { number: 1, der: new Uint8Array([1]), thisUpdate: NOW, nextUpdate: NOW });
      expect(await store.purgeCertificates(NOW, 100)).toBe(1);
      expect([await isThere(first), await isThere(second)]).toEqual([false, true]);
      expect(await store.findPeer(peer.publicKey)).toMatchObject({
        serial: second.serial,
        revokedAt: NOW - 20 * DAY,
      });
    });

    test('a revoked certificate of an administrator stays, so its key gets no other', async () => {
      const { store } = world;
      const [removed, former] = [await ended({ profile: 'admin' }), await ended({ profile: 'admin' })];
      await store.addAuthority(anAuthority({ tag: '' }), null);
      await store.revoke(removed.serial, NOW - 20 * DAY, null);
      await store.putCrl('', { number: 1, der: new Uint8Array([1]), thisUpdate: NOW, nextUpdate: NOW });
      expect(await store.purgeCertificates(NOW, 100)).toBe(1);
      expect([await isThere(removed), await isThere(former)]).toEqual([true, false]);
    });

    test('copies of orders and authorizations are removed by the time they were last stored, and accounts stay', async () => {
      const { store } = world;
      const put = (kind: 'account' | 'order' | 'authorization', id: string, at: number) =>
        store.putDocument({ kind, id, parentId: null, body: {} }, at);
      await put('account', 'a', NOW - 3);
      await put('order', 'o', NOW - 2);
      await put('authorization', 'z', NOW - 1);
      await put('order', 'again', NOW - 2);
      await put('order', 'again', NOW);
      expect(await store.countPurgeable(NOW)).toEqual({ certificates: 0, documents: 2 });
      expect(await store.purgeDocuments(NOW, 1)).toBe(1);
      expect(await store.getDocument('order', 'o')).toBeNull();
      expect(await store.purgeDocuments(NOW, 9)).toBe(1);
      expect(await store.getDocument('account', 'a')).not.toBeNull();
      expect(await store.getDocument('order', 'again')).not.toBeNull();
    });
  });
}
