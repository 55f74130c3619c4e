import { describe, expect, test } from 'vitest';
import type { RaStore } from '../../../src/store/contract/ra.js';
import { atOnce, HOUR } from '../../../tools/kit/facts.js';

/** What all RAs have counted, by the hour. */
export function raActivityContract(world: { readonly store: RaStore }): void {
  const hour = (number: number, issued = 0, failed = 0, revoked = 0) => ({
    ...{ at: number * HOUR, issued, failed, revoked },
  });

  describe('activity', () => {
    test('of many who count in the same hours at once nothing is lost', async () => {
      await atOnce(8, (index) => {
        const hours = [hour(5, 1, 0, 2), hour(6, index, 1)];
        return world.store.addActivity(index % 2 === 0 ? hours : hours.reverse(), 0);
      });
      expect(await world.store.listActivity(0)).toEqual([hour(5, 8, 0, 16), hour(6, 28, 8)]);
    });

    test('is read from an hour on, oldest first, and forgotten before one', async () => {
      await world.store.addActivity([hour(3, 1), hour(1, 1), hour(2, 1)], 0);
      expect((await world.store.listActivity(2 * HOUR)).map(({ at }) => at)).toEqual([2 * HOUR, 3 * HOUR]);
      await world.store.addActivity([], 3 * HOUR);
      expect(await world.store.listActivity(0)).toEqual([hour(3, 1)]);
    });
  });
}
