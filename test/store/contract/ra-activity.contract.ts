import { describe, expect, test } from 'vitest';
import type { RaStore } from '../../../src/store/contract/ra.js';
import { atOnce, HOUR } from '../../../tools/kit/facts.js';

/** What all RAs have counted, by the hour. */
export function raActivityContract(world: { readonly store: RaStore }): void {
  const hour = (number: number, issued = 0, failed = 0, revoked = 0) => ({
    ...{ at: number * HOUR, issued, failed, revoked },
  });

  describe('activity', () => {
    test('concurrent counts of the same hours are all stored', async () => {
      await atOnce(8, (index) => {
        const hours = [hour(5, 1, 0, 2), hour(6, index, 1)];
        return world.store.addActivity(index % 2 === 0 ? hours : hours.reverse(), 9);
      });
      expect(await world.store.listActivity(0, 9 * HOUR)).toEqual([hour(5, 8, 0, 16), hour(6, 28, 8)]);
    });

    test('activity is read from one hour to another, oldest first, and all but the newest hours are deleted', async () => {
      await world.store.addActivity([hour(3, 1), hour(1, 1), hour(4, 1), hour(2, 1)], 4);
      const read = async (since: number, until: number) =>
        (await world.store.listActivity(since * HOUR, until * HOUR)).map(({ at }) => at / HOUR);
      expect(await read(2, 3)).toEqual([2, 3]);
      await world.store.addActivity([], 5);
      expect(await read(0, 9)).toEqual([1, 2, 3, 4]);
      await world.store.addActivity([hour(5, 1)], 3);
      expect(await read(0, 9)).toEqual([3, 4, 5]);
    });
  });
}
