import { describe, expect, test } from 'vitest';
import type { CaStore, CertificateFilter, CertificateRecord } from '../../../src/store/contract/ca.js';
import { aRecord, atOnce, NOW } from '../../../tools/kit/facts.js';
import type { CaWorld } from './ca-store.contract.js';

/** Recording, finding and listing certificates. */
export function caCertificatesContract(world: CaWorld): void {
  describe('certificates', () => {
    test('a certificate is found by serial and by order, with every fact', async () => {
      const certificate = aRecord({ orderId: 'o1', accountId: 'a1' });
      expect(await world.store.recordCertificate(certificate)).toEqual({ certificate, created: true });
      expect(await world.store.findBySerial(certificate.serial)).toEqual(certificate);
      expect(await world.store.findByOrder('o1')).toEqual(certificate);
      expect(await world.store.findBySerial('00')).toBeNull();
      expect(await world.store.findByOrder('none')).toBeNull();
    });

    test('concurrent requests for one order record one certificate, and all get it', async () => {
      const results = await atOnce(8, () => world.store.recordCertificate(aRecord({ orderId: 'o1' })));
      const winner = results.find(({ created }) => created)?.certificate;
      expect(results.filter(({ created }) => created)).toHaveLength(1);
      for (const { certificate } of results) expect(certificate).toEqual(winner);
      expect((await world.store.listCertificates({ after: null, limit: 10, now: NOW })).items).toHaveLength(
        1,
      );
    });

    test('certificates without an order do not conflict', async () => {
      expect((await world.store.recordCertificate(aRecord())).created).toBe(true);
      expect((await world.store.recordCertificate(aRecord())).created).toBe(true);
    });

    test('a serial is used only once', async () => {
      const { serial } = await world.record();
      const twin = aRecord({ serial, orderId: 'o2' });
      await expect(world.store.recordCertificate(twin)).rejects.toMatchObject({ code: 'STORE_CONFLICT' });
      expect(await world.store.findByOrder('o2')).toBeNull();
    });

    test('a search by CN returns the newest certificate first, without deleted ones', async () => {
      const first = await world.record();
      const second = await world.record();
      const third = await world.record();
      await world.record({ cn: 'other.example.com' });
      const cn = 'www.example.com';
      expect(await world.store.findNewestByCn(cn)).toEqual(third);
      expect(await world.store.listByCn(cn, 2)).toEqual([third, second]);
      expect(await world.store.markDeleted(third.serial, NOW)).toBe(true);
      expect(await world.store.findNewestByCn(cn)).toEqual(second);
      expect(await world.store.listByCn(cn, 9)).toEqual([second, first]);
      expect(await world.store.findNewestByCn('none')).toBeNull();
    });

    test('a deleted certificate keeps its first time and is still found by serial', async () => {
      const { serial } = await world.record();
      expect(await world.store.markDeleted(serial, NOW)).toBe(true);
      expect(await world.store.markDeleted(serial, NOW + 1)).toBe(true);
      expect((await world.store.findBySerial(serial))?.deletedAt).toBe(NOW);
      expect(await world.store.markDeleted('00', NOW)).toBe(false);
    });
  });

  describe('listing', () => {
    const all = async (limit: number, filter: CertificateFilter = {}) => {
      const serials: string[] = [];
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<CaStore['listCertificates']>> = await world.store.listCertificates({
          after,
          limit,
          now: NOW,
          filter,
        });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        serials.push(...page.items.map(({ serial }) => serial));
        after = page.next;
      } while (after !== null);
      return serials;
    };
    const sorted = (...records: CertificateRecord[]) => records.map(({ serial }) => serial).sort();

    test('pages of any size contain every certificate once, by serial, without deleted ones', async () => {
      const records = [
        await world.record(),
        await world.record(),
        await world.record(),
        await world.record(),
        await world.record(),
      ];
      const { serial } = await world.record();
      await world.store.markDeleted(serial, NOW);
      for (const limit of [1, 2, 5, 6]) expect(await all(limit)).toEqual(sorted(...records));
    });

    test('a listing is filtered by state, CN and expiry, alone and together', async () => {
      const good = await world.record();
      const expired = await world.record({ notAfter: NOW - 1 });
      const revoked = await world.record({ revokedAt: NOW, reason: 1 });
      const both = await world.record({ notAfter: NOW - 1, revokedAt: NOW, cn: 'b' });
      expect(await all(1, { state: 'good' })).toEqual(sorted(good));
      expect(await all(1, { state: 'expired' })).toEqual(sorted(expired));
      expect(await all(1, { state: 'revoked' })).toEqual(sorted(revoked, both));
      expect(await all(1, { cn: 'b' })).toEqual(sorted(both));
      expect(await all(1, { expiresBefore: NOW })).toEqual(sorted(expired, both));
      expect(await all(1, { expiresBefore: NOW, state: 'revoked', cn: 'www.example.com' })).toEqual([]);
    });

    test('a filter without matches ends, over more certificates than one page examines', async () => {
      await atOnce(2_100, () => world.store.recordCertificate(aRecord()));
      const first = await world.store.listCertificates({
        after: null,
        limit: 10,
        now: NOW,
        filter: { state: 'revoked' },
      });
      expect(first.items).toEqual([]);
      expect(await all(10, { state: 'revoked' })).toEqual([]);
      expect(await all(1_000, { state: 'good' })).toHaveLength(2_100);
    });
  });
}
