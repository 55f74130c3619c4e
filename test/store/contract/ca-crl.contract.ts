import { describe, expect, test } from 'vitest';
import type { CaStore } from '../../../src/store/contract/ca.js';
import { atOnce, HOUR, NOW } from '../../../tools/kit/facts.js';
import type { CaWorld } from './ca-store.contract.js';

/** CRL numbers and the stored CRL. */
export function caCrlContract(world: CaWorld): void {
  describe('CRL (RFC 5280 §5)', () => {
    const revokedSerials = async (limit: number, now: number) => {
      const serials: string[] = [];
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<CaStore['listRevoked']>> = await world.store.listRevoked({
          issuer: '',
          after,
          limit,
          endedFrom: now,
        });
        serials.push(...page.items.map(({ serial }) => serial));
        after = page.next;
      } while (after !== null);
      return serials.sort();
    };

    test('pages of any size contain each revoked, unexpired certificate once, including deleted ones', async () => {
      const serials: string[] = [];
      for (const notAfter of [NOW, NOW + HOUR, NOW + HOUR, NOW + HOUR, NOW + 2 * HOUR]) {
        const { serial } = await world.record({ notAfter });
        await world.store.revoke(serial, NOW - 5, 1);
        serials.push(serial);
      }
      await world.store.markDeleted(serials[0] ?? '', NOW);
      await world.store.revoke((await world.record({ notAfter: NOW - 1 })).serial, NOW - 5, 1);
      await world.record();
      for (const limit of [1, 2, 3, 5, 9]) {
        expect(await revokedSerials(limit, NOW)).toEqual([...serials].sort());
      }
      const { items } = await world.store.listRevoked({ issuer: '', after: null, limit: 1, endedFrom: NOW });
      expect(items).toEqual([{ serial: serials[0], revokedAt: NOW - 5, reason: 1 }]);
    });

    test('a certificate released from hold is not on the CRL', async () => {
      const { serial } = await world.record();
      await world.store.revoke(serial, NOW, 6);
      await world.store.unrevoke(serial);
      expect(await revokedSerials(5, NOW)).toEqual([]);
    });

    test('CRL numbers rise from 1, and none is assigned twice (§5.2.3)', async () => {
      const numbers = await atOnce(20, () => world.store.allocateCrlNumber('', 0));
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    });

    test('a CRL is current until a revocation or release after its number was assigned', async () => {
      const kept = async () => {
        const number = await world.store.allocateCrlNumber('', 0);
        await world.store.putCrl('', {
          number,
          der: new Uint8Array([1]),
          thisUpdate: NOW,
          nextUpdate: NOW + HOUR,
        });
        return number;
      };
      const { serial } = await world.record();
      const first = await kept();
      expect(await world.store.isCrlCurrent('', first)).toBe(true);
      await world.store.revoke(serial, NOW, 6);
      expect(await world.store.isCrlCurrent('', first)).toBe(false);
      const second = await kept();
      expect(await world.store.isCrlCurrent('', second)).toBe(true);
      expect(await world.store.isCrlCurrent('', first)).toBe(false);
      // Neither what was revoked before nor what is unknown changes anything.
      await world.store.revoke(serial, NOW, 6);
      await world.store.revoke('00', NOW, 1);
      expect(await world.store.isCrlCurrent('', second)).toBe(true);
      await world.store.unrevoke(serial);
      expect(await world.store.isCrlCurrent('', second)).toBe(false);
      await world.store.unrevoke(serial);
      expect(await world.store.isCrlCurrent('', await kept())).toBe(true);
      // One that was begun before a revocation and kept after it.
      const begun = await world.store.allocateCrlNumber('', 0);
      await world.store.revoke(serial, NOW, 1);
      await world.store.putCrl('', {
        number: begun,
        der: new Uint8Array([1]),
        thisUpdate: NOW,
        nextUpdate: NOW,
      });
      expect(await world.store.isCrlCurrent('', begun)).toBe(false);
    });

    test('the stored CRL is the one with the greatest number, and numbers continue from it', async () => {
      expect(await world.store.getCrl('')).toBeNull();
      const crl = (number: number) => ({
        number,
        der: new Uint8Array([number]),
        thisUpdate: NOW,
        nextUpdate: NOW + HOUR,
      });
      expect(await world.store.putCrl('', crl(7))).toBe(true);
      expect(await world.store.putCrl('', crl(7))).toBe(false);
      expect(await world.store.putCrl('', crl(6))).toBe(false);
      expect(await world.store.getCrl('')).toEqual(crl(7));
      expect(await world.store.allocateCrlNumber('', 0)).toBe(8);
    });
  });
}
