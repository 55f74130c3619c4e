import { describe, expect, it } from 'vitest';
import { Settlements } from '../../../src/ra/limits/settlements.js';
import type { Allowances } from '../../../src/store/contract/allowances.js';

const NOW = 1_800_000_000_000;
const use = (key: string, amount = 25) => ({ key, amount, window: 100 });

function create(fail = false) {
  const asked: Parameters<Allowances['settle']>[] = [];
  const settlements = new Settlements({
    settle: async (...all) => {
      asked.push(all);
      if (fail) throw new Error('away');
    },
  });
  return { settlements, asked };
}

describe('the shares that certificates return and use', () => {
  it('of one turn of the event loop are settled together, each key once', async () => {
    const { settlements, asked } = create();
    await Promise.all([
      settlements.add([use('a'), use('here')], [use('same')], NOW),
      settlements.add([use('b'), use('here')], [use('same'), use('else')], NOW),
    ]);
    const back = [use('a'), use('here', 50), use('b')];
    expect(asked).toEqual([[back, [use('same', 50), use('else')], NOW]]);
  });

  it('of the next turn are settled separately', async () => {
    const { settlements, asked } = create();
    await settlements.add([use('a')], [], NOW);
    await settlements.add([use('a')], [], NOW + 1);
    expect(asked).toEqual([
      [[use('a')], [], NOW],
      [[use('a')], [], NOW + 1],
    ]);
  });

  it('reject for every caller when they could not be settled, and are not sent again', async () => {
    const { settlements, asked } = create(true);
    const both = await Promise.allSettled([
      settlements.add([use('a')], [], NOW),
      settlements.add([use('b')], [], NOW),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(settlements.add([], [use('c')], NOW)).rejects.toThrow('away');
    expect(asked).toHaveLength(2);
  });

  it('are not settled when there are none', async () => {
    const { settlements, asked } = create();
    await settlements.add([], [], NOW);
    expect(asked).toEqual([]);
  });
});
