import { describe, expect, test } from 'vitest';
import type { Leases } from '../../../src/store/contract/leases.js';
import { atOnce, HOUR, NOW } from '../../../tools/kit/facts.js';

/** Of either store. */
export function leasesContract(world: { readonly store: Leases }): void {
  describe('leases', () => {
    test('one holder at a time has a lease; it may take it again, and others when it is over', async () => {
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

    test('one taken with a clock that was far ahead holds nobody up', async () => {
      const year = 365 * 24 * HOUR;
      expect(await world.store.takeLease('work', 'a', NOW + year, NOW + year + 100)).toBe(true);
      expect(await world.store.takeLease('work', 'b', NOW, NOW + 100)).toBe(true);
    });
  });
}
