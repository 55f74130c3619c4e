import { describe, expect, test } from 'vitest';
import type { Leases } from '../../../src/store/contract/leases.js';
import { atOnce, HOUR, NOW } from '../../../tools/kit/facts.js';

/** Of either store. */
export function leasesContract(world: { readonly store: Leases }): void {
  describe('leases', () => {
    test('a lease has one holder, who may renew it, and others may take it when it is over', async () => {
      const { store } = world;
      expect(await store.takeLease('work', 'a', NOW, NOW + 100)).toBe(true);
      expect(await store.takeLease('work', 'b', NOW + 99, NOW + 199)).toBe(false);
      expect(await store.takeLease('other', 'b', NOW, NOW + 100)).toBe(true);
      expect(await store.takeLease('work', 'a', NOW + 50, NOW + 150)).toBe(true);
      expect(await store.takeLease('work', 'b', NOW + 100, NOW + 200)).toBe(false);
      expect(await store.takeLease('work', 'b', NOW + 150, NOW + 250)).toBe(true);
      expect(await store.takeLease('work', 'a', NOW + 151, NOW + 251)).toBe(false);
    });

    test('one of many simultaneous claims succeeds', async () => {
      const got = await atOnce(20, (index) => world.store.takeLease('work', `${index}`, NOW, NOW + 100));
      expect(got.filter((each) => each)).toHaveLength(1);
    });

    test('a lease taken with a clock far ahead blocks no one', async () => {
      const year = 365 * 24 * HOUR;
      expect(await world.store.takeLease('work', 'a', NOW + year, NOW + year + 100)).toBe(true);
      expect(await world.store.takeLease('work', 'b', NOW, NOW + 100)).toBe(true);
    });
  });
}
