import { describe, expect, test } from 'vitest';
import type { RaStore } from '../../../src/store/contract/ra.js';
import { atOnce, HOUR, NOW } from '../../../tools/kit/facts.js';

/** Notices: each thing told once, each notice sent by one at a time. */
export function raNoticesContract(world: { readonly store: RaStore }): void {
  const notice = (id: string, createdAt = NOW) => ({ id, target: 'mailto:a@b.test', body: '{}', createdAt });
  const until = NOW + HOUR;

  describe('notices', () => {
    test('one of many simultaneous announcements of a finding succeeds; its notices are stored once', async () => {
      const results = await atOnce(8, (index) =>
        world.store.queueNotices({ keys: ['b', 'a'], until }, [notice(`n${index}`)]),
      );
      expect(results.filter((queued) => queued)).toHaveLength(1);
      expect(await world.store.waitingNotices(10)).toEqual({ count: 1, oldest: NOW });
      expect(await world.store.untold(['a', 'c', 'b'])).toEqual(['c']);
    });

    test('nothing is stored when one of the findings was already announced', async () => {
      expect(await world.store.queueNotices({ keys: ['a'], until }, [])).toBe(true);
      expect(await world.store.queueNotices({ keys: ['a', 'b'], until }, [notice('n1')])).toBe(false);
      expect(await world.store.untold(['b'])).toEqual(['b']);
      expect(await world.store.waitingNotices(10)).toEqual({ count: 0, oldest: null });
    });

    test('each notice goes to one of many concurrent claims, until its lease is over', async () => {
      await world.store.queueNotices({ keys: ['a'], until }, [notice('n1'), notice('n2', NOW + 1)]);
      expect(await world.store.claimNotices(NOW - 1, until, 9)).toEqual([]);
      const claimed = (await atOnce(6, () => world.store.claimNotices(NOW + 1, NOW + 100, 9))).flat();
      expect(claimed.map(({ id }) => id).sort()).toEqual(['n1', 'n2']);
      expect(await world.store.claimNotices(NOW + 99, until, 9)).toEqual([]);
      expect(await world.store.claimNotices(NOW + 100, until, 9)).toHaveLength(2);
    });

    test('a failed attempt is counted and repeated at its time, and a sent notice is removed', async () => {
      await world.store.queueNotices({ keys: ['a'], until }, [notice('n1')]);
      await world.store.claimNotices(NOW, NOW + 100, 9);
      await world.store.deferNotice('n1', NOW + 50, 'HTTP 500');
      expect(await world.store.claimNotices(NOW + 49, until, 9)).toEqual([]);
      expect(await world.store.claimNotices(NOW + 50, until, 9)).toEqual([
        { id: 'n1', target: 'mailto:a@b.test', body: '{}', createdAt: NOW, attempts: 1 },
      ]);
      await world.store.removeNotice('n1');
      expect(await world.store.claimNotices(until, until, 9)).toEqual([]);
    });

    test('a notice deferred by a clock a year ahead is due once the clock is right', async () => {
      await world.store.queueNotices({ keys: ['a'], until }, [notice('n1', NOW + 365 * 24 * HOUR)]);
      expect(await world.store.claimNotices(NOW, NOW + 100, 9)).toHaveLength(1);
      expect(await world.store.claimNotices(NOW, NOW + 100, 9)).toEqual([]);
    });

    test('announced findings are deleted after their time, a limited number per call', async () => {
      await world.store.queueNotices({ keys: ['a', 'b', 'c'], until }, []);
      expect(await world.store.forgetTold(until, 2)).toBe(0);
      expect(await world.store.forgetTold(until + 1, 2)).toBe(2);
      expect(await world.store.forgetTold(until + 1, 2)).toBe(1);
      expect(await world.store.untold(['a', 'b', 'c'])).toHaveLength(3);
    });
  });
}
