import { describe, expect, test } from 'vitest';
import type { CertificateRecord } from '../../../src/store/contract/ca.js';
import { KeyCompromised } from '../../../src/store/contract/errors.js';
import { aRecord, atOnce, NOW } from '../../../tools/kit/facts.js';
import type { CaWorld } from './ca-store.contract.js';

/** Revocation, hold, and the keys that are never certified again. */
export function caRevocationContract(world: CaWorld): void {
  describe('revocation (RFC 5280 §5.3.1)', () => {
    test('one of many concurrent revocations succeeds, with its own time and reason', async () => {
      const { serial } = await world.record();
      const results = await atOnce(4, (index) => world.store.revoke(serial, NOW + index, 1));
      expect(results.filter((result) => result === 'revoked')).toHaveLength(1);
      expect(results.filter((result) => result === 'already')).toHaveLength(3);
      expect(await world.store.findBySerial(serial)).toMatchObject({
        revokedAt: NOW + results.indexOf('revoked'),
        reason: 1,
      });
      expect(await world.store.revoke('00', NOW, null)).toBe('unknown');
    });

    test('the reason changes only from hold to any other, and from any other to keyCompromise; the time stays', async () => {
      const reasonAfter = async (first: number | null, second: number | null) => {
        const { serial } = await world.record();
        await world.store.revoke(serial, NOW, first);
        const outcome = await world.store.revoke(serial, NOW + 1, second);
        const { revokedAt, reason } = (await world.store.findBySerial(serial)) ?? {};
        expect(revokedAt).toBe(NOW);
        return [outcome, reason];
      };
      for (const first of [null, 0, 4, 5, 6, 9]) {
        expect([first, await reasonAfter(first, 1)]).toEqual([first, ['revoked', 1]]);
      }
      for (const second of [null, 4]) expect(await reasonAfter(6, second)).toEqual(['revoked', second]);
      for (const [first, second] of [
        [null, 4],
        [4, 5],
        [4, 6],
        [6, 6],
        [1, 1],
        [1, 4],
        [1, null],
      ] as const) {
        expect([first, second, await reasonAfter(first, second)]).toEqual([
          first,
          second,
          ['already', first],
        ]);
      }
    });

    test('only a certificate on hold (6) can be released', async () => {
      const held = await world.record();
      await world.store.revoke(held.serial, NOW, 6);
      expect(await world.store.unrevoke(held.serial)).toBe(true);
      expect(await world.store.findBySerial(held.serial)).toEqual(held);
      expect(await world.store.unrevoke(held.serial)).toBe(false);
      for (const reason of [null, 0, 1]) {
        const { serial } = await world.record();
        await world.store.revoke(serial, NOW, reason);
        expect(await world.store.unrevoke(serial)).toBe(false);
        expect((await world.store.findBySerial(serial))?.revokedAt).toBe(NOW);
      }
      expect(await world.store.unrevoke('00')).toBe(false);
    });

    test('keys revoked as compromised are listed from then on, page by page', async () => {
      const [first, second] = [await world.record(), await world.record()];
      await world.store.revoke(first.serial, NOW, 1, undefined, 'key-1');
      await world.store.revoke(first.serial, NOW, 1, undefined, 'key-1');
      await world.store.revoke(second.serial, NOW, 4);
      await world.store.revoke(second.serial, NOW, 1, undefined, 'key-2');
      expect([
        await world.store.isCompromisedKey('key-1'),
        await world.store.isCompromisedKey('key-3'),
      ]).toEqual([true, false]);
      const page = await world.store.listCompromisedKeys({ after: 0, limit: 1 });
      expect(page.items).toEqual(['key-1']);
      const rest = await world.store.listCompromisedKeys({ after: page.next, limit: 5 });
      expect(rest.items).toEqual(['key-2']);
      expect(await world.store.listCompromisedKeys({ after: rest.next, limit: 5 })).toEqual({
        items: [],
        next: rest.next,
      });
    });

    test('no certificate is kept for a compromised key, but what an order has already is given', async () => {
      const before = aRecord({ orderId: 'before' });
      await world.store.recordCertificate(before, undefined, { key: 'leaked' });
      await world.store.revoke(before.serial, NOW, 1, undefined, 'leaked');
      const keep = (facts: Partial<CertificateRecord>, key: string) =>
        world.store.recordCertificate(aRecord(facts), undefined, { key });
      const refused = aRecord();
      await expect(world.store.recordCertificate(refused, undefined, { key: 'leaked' })).rejects.toThrow(
        KeyCompromised,
      );
      await expect(keep({ orderId: 'new' }, 'leaked')).rejects.toThrow(KeyCompromised);
      expect(await world.store.findBySerial(refused.serial)).toBeNull();
      expect(await keep({ orderId: 'before' }, 'leaked')).toMatchObject({
        certificate: { serial: before.serial },
        created: false,
      });
      expect((await keep({}, 'another')).created).toBe(true);
    });

    test('a certificate on hold can be revoked for good, from the time of the hold, and no other reason changes', async () => {
      const held = await world.record();
      await world.store.revoke(held.serial, NOW, 6);
      expect(await world.store.revoke(held.serial, NOW + 1, 6)).toBe('already');
      expect(await world.store.revoke(held.serial, NOW + 2, 1)).toBe('revoked');
      expect(await world.store.findBySerial(held.serial)).toMatchObject({ revokedAt: NOW, reason: 1 });
      expect(await world.store.unrevoke(held.serial)).toBe(false);
      expect(await world.store.revoke(held.serial, NOW + 3, 4)).toBe('already');
      const unspecified = await world.record();
      await world.store.revoke(unspecified.serial, NOW, 6);
      expect(await world.store.revoke(unspecified.serial, NOW, null)).toBe('revoked');
      expect((await world.store.findBySerial(unspecified.serial))?.reason).toBeNull();
    });
  });
}
