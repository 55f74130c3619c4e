import { describe, expect, test } from 'vitest';
import { anAuthority, atOnce, HOUR, NOW } from '../../../tools/kit/facts.js';
import type { CaWorld } from './ca-store.contract.js';

/** What a CRL needs to be made from the one before it. */
export function caCrlChangesContract(world: CaWorld): void {
  const { record } = world;
  const allocate = (now = 0, allocation = 'me') => world.store.allocateCrlNumber('', now, allocation);
  const changes = (number: number, facts: { allocation?: string; limit?: number; endedFrom?: number } = {}) =>
    world.store.listChanged({ issuer: '', allocation: 'me', number, limit: 100, endedFrom: NOW, ...facts });
  const serialsSince = async (number: number) => (await changes(number))?.map(({ serial }) => serial).sort();

  describe('what changed since a CRL number', () => {
    test('is each certificate revoked after the allocation, as it is now, and none revoked before', async () => {
      const { store } = world;
      const [before, after, held, ended] = [
        await record(),
        await record(),
        await record(),
        await record({ notAfter: NOW - 1 }),
      ];
      await store.revoke(before.serial, NOW, 1);
      const number = await allocate();
      expect(await changes(number)).toEqual([]);
      await store.revoke(after.serial, NOW + 1, null);
      await store.revoke(after.serial, NOW + 2, 4);
      await store.revoke(held.serial, NOW + 3, 6);
      await store.revoke(ended.serial, NOW + 4, 4);
      await record();
      const found = await changes(number);
      expect(new Set(found)).toEqual(
        new Set([
          { serial: after.serial, number, entry: { serial: after.serial, revokedAt: NOW + 1, reason: null } },
          { serial: held.serial, number, entry: { serial: held.serial, revokedAt: NOW + 3, reason: 6 } },
          { serial: ended.serial, number, entry: null },
        ]),
      );
    });

    test('includes a release from hold, and a revocation of what was on hold with its new reason', async () => {
      const { store } = world;
      const [released, revoked] = [await record(), await record()];
      for (const { serial } of [released, revoked]) await store.revoke(serial, NOW, 6);
      const number = await allocate();
      await store.unrevoke(released.serial);
      await store.revoke(revoked.serial, NOW + 5, 1);
      expect(new Set(await changes(number))).toEqual(
        new Set([
          { serial: released.serial, number, entry: null },
          { serial: revoked.serial, number, entry: { serial: revoked.serial, revokedAt: NOW, reason: 1 } },
        ]),
      );
    });

    test('is known by the number of any earlier CRL, also when there were other allocations since', async () => {
      const [one, two] = [await record(), await record()];
      const first = await allocate();
      await world.store.revoke(one.serial, NOW, 1);
      const theirs = await allocate(0, 'another');
      await world.store.revoke(two.serial, NOW, 1);
      const last = await allocate();
      expect(await serialsSince(first)).toEqual([one.serial, two.serial].sort());
      expect((await changes(first))?.map(({ number }) => number)).toEqual([first, theirs]);
      expect((await changes(theirs, { allocation: 'another' }))?.map(({ serial }) => serial)).toEqual([
        two.serial,
      ]);
      expect(await changes(last)).toEqual([]);
    });

    test('is of one issuer', async () => {
      const { store } = world;
      const other = anAuthority();
      await store.addAuthority(other, null);
      const number = await allocate();
      await store.revoke((await record({ issuer: other.tag })).serial, NOW, 1);
      expect(await changes(number)).toEqual([]);
    });

    test('is not known for a number of another allocation, one that is not in the store, or more changes than wanted', async () => {
      const theirs = await allocate(0, 'another');
      expect(await changes(theirs)).toBeNull();
      const mine = await allocate();
      expect(await changes(mine + 1)).toBeNull();
      expect(await changes(mine - 1)).toBeNull();
      await world.store.allocateCrlNumber('', 0);
      expect(await changes(mine)).toEqual([]);
      for (const _ of [1, 2, 3]) await world.store.revoke((await record()).serial, NOW, 1);
      expect(await changes(mine, { limit: 4 })).toHaveLength(3);
      expect(await changes(mine, { limit: 3 })).toBeNull();
    });

    test('is kept for two hours of numbers that follow the clock, and never without the allocation before it', async () => {
      const { store } = world;
      const old = await allocate(NOW);
      // More than are forgotten at once.
      const records = await atOnce(600, () => record());
      await Promise.all(records.map(({ serial }) => store.revoke(serial, NOW, 1)));
      const between = await allocate(NOW + HOUR);
      await store.revoke((await record()).serial, NOW, 1);
      expect(await changes(old, { limit: 1_000 })).toHaveLength(601);
      await allocate(NOW + 2.5 * HOUR);
      expect(await changes(old, { limit: 1_000 })).toBeNull();
      expect(await changes(between)).toHaveLength(1);
      for (const _ of [1, 2]) await allocate(NOW + 4 * HOUR);
      expect(await changes(between)).toBeNull();
    });

    test('is kept for a hundred numbers while a clock that was ahead has left them far above the time', async () => {
      const ahead = await allocate(NOW + 100 * HOUR);
      await world.store.revoke((await record()).serial, NOW, 1);
      await atOnce(100, () => allocate(NOW));
      expect(await changes(ahead, { limit: 200 })).toHaveLength(1);
      await atOnce(3, () => allocate(NOW));
      expect(await changes(ahead, { limit: 200 })).toBeNull();
    });

    test('lacks no revocation that was confirmed before an allocation, however many happen at once', async () => {
      const { store } = world;
      const records = await atOnce(120, () => record());
      const seen = new Set<string>();
      const confirmed: string[] = [];
      let number = await allocate();
      const revoking = Promise.all(
        records.map(async ({ serial }) => {
          await store.revoke(serial, NOW, 1);
          confirmed.push(serial);
        }),
      );
      while (seen.size < records.length) {
        const before = [...confirmed];
        const next = await allocate();
        for (const serial of (await changes(number, { limit: 1_000 }))?.map((each) => each.serial) ?? [])
          seen.add(serial);
        expect(before.filter((serial) => !seen.has(serial))).toEqual([]);
        number = next;
      }
      await revoking;
    });
  });

  test('the stored CRL is read as the current one only while nothing was revoked since its number was allocated', async () => {
    const { store } = world;
    expect(await store.getCurrentCrl('')).toBeNull();
    const crl = { number: await allocate(), der: new Uint8Array([1]), thisUpdate: NOW, nextUpdate: NOW };
    expect(await store.getCurrentCrl('')).toBeNull();
    expect(await store.getCrlHead('')).toBeNull();
    await store.putCrl('', crl);
    expect(await store.getCurrentCrl('')).toEqual(crl);
    const { der: _, ...head } = crl;
    expect(await store.getCrlHead('')).toEqual(head);
    await store.revoke((await record()).serial, NOW, 1);
    expect(await store.getCurrentCrl('')).toBeNull();
    expect(await store.getCrl('')).toEqual(crl);
  });
}
