import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LocalAllowances } from '../../../src/ra/limits/local-allowances.js';
import type { Allowances, Use } from '../../../src/store/contract/allowances.js';
import { StoreUnavailable } from '../../../src/store/contract/errors.js';
import { openRaStore, type RaStore } from '../../../src/store/index.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { PostgresServer } from '../../../tools/kit/postgres/server.js';

const NOW = 1_800_000_000_000;
/** One use by itself: how long to wait for it. */
const use1 = async (allowances: Allowances, use: Use, now: number) => (await allowances.use([use], now))[0];
/** The same, not counted. */
const wait1 = async (allowances: Allowances, use: Use, now: number) =>
  (await allowances.use([], now, [use]))[0];
let server: PostgresServer;
let stores: RaStore[];
beforeAll(async () => {
  server = await PostgresServer.start();
  stores = await Promise.all([0, 1].map(() => openRaStore(server.url())));
});
afterAll(async () => {
  for (const store of stores) await store.close();
  await server.remove();
});

/** Keeps nothing. */
const nothing = { loadAllowances: async () => [], saveAllowances: async () => {} };

function shared(index: number) {
  const state = stores[index]?.shared;
  if (!state) throw new Error('a store on PostgreSQL is shared');
  return state;
}

describe.each([
  ['of one RA', () => [new LocalAllowances(nothing, () => {})]],
  ['of replicas on PostgreSQL', () => [shared(0), shared(1)]],
] as [string, () => Allowances[]][])('allowances %s', (_, open) => {
  let each: Allowances[];
  let turn = 0;
  let tests = 0;
  beforeEach(() => {
    each = open();
    tests += 1;
  });
  /** One after the other, so that they must agree. */
  const next = (): Allowances => {
    turn += 1;
    const allowances = each[turn % each.length];
    if (!allowances) throw new Error('none was opened');
    return allowances;
  };
  /** Four in 100 ms. */
  const quarter = () => ({ key: `k${tests}`, amount: 25, window: 100 });

  it('are used up, say how long to wait, and come back with time', async () => {
    const use = (at: number) => use1(next(), quarter(), at);
    expect([await use(NOW), await use(NOW), await use(NOW), await use(NOW)]).toEqual([0, 0, 0, 0]);
    expect([await use(NOW), await use(NOW + 10)]).toEqual([25, 15]);
    expect(await wait1(next(), quarter(), NOW)).toBe(25);
    expect([await use(NOW + 25), await use(NOW + 25)]).toEqual([0, 25]);
    const later = NOW + 10_000;
    expect([await use(later), await use(later), await use(later), await use(later)]).toEqual([0, 0, 0, 0]);
    expect(await use(later)).toBe(25);
  });

  it('that were used while the clock was a year ahead lock no client out when it is right again, checked or used', async () => {
    const ahead = NOW + 365 * 86_400_000;
    for (let used = 0; used < 4; used += 1) await use1(next(), quarter(), ahead);
    expect(await wait1(next(), quarter(), NOW)).toBe(0);
    const other = { ...quarter(), key: `other ${tests}` };
    expect(await next().use([other], NOW, [quarter()])).toEqual([0, 0]);
    for (let used = 0; used < 4; used += 1) expect(await use1(next(), quarter(), NOW)).toBe(0);
    expect(await use1(next(), quarter(), NOW)).toBe(25);
  });

  it('that are given back can be used again, but no more than there ever were', async () => {
    const use = () => use1(next(), quarter(), NOW);
    for (let used = 0; used < 4; used += 1) await use();
    await next().settle([quarter()], [], NOW);
    expect([await use(), await use()]).toEqual([0, 25]);
    for (let given = 0; given < 20; given += 1) await next().settle([quarter()], [], NOW);
    for (let used = 0; used < 4; used += 1) expect(await use()).toBe(0);
    expect(await use()).toBe(25);
  });

  it('that are counted afterwards count whether there is room or not, and then a key is used up, no more', async () => {
    const other = { ...quarter(), key: `other ${tests}` };
    await use1(next(), { ...other, amount: 100 }, NOW);
    await next().settle([other], [{ ...quarter(), amount: 90 }], NOW);
    expect([await wait1(next(), quarter(), NOW), await wait1(next(), other, NOW)]).toEqual([15, 0]);
    await next().settle([], [quarter()], NOW);
    await next().settle([], [quarter()], NOW);
    expect(await wait1(next(), quarter(), NOW)).toBe(25);
    expect(await wait1(next(), quarter(), NOW + 25)).toBe(0);
    await next().settle([], [{ ...quarter(), key: `year ${tests}` }], NOW + 365 * 86_400_000);
    await next().settle([], [{ ...quarter(), key: `year ${tests}` }], NOW);
    expect(await wait1(next(), { ...quarter(), amount: 100, key: `year ${tests}` }, NOW)).toBe(25);
  });

  it('are used by no more than there are, however many ask at once, and keys have nothing to do with each other', async () => {
    const waits = await Promise.all(Array.from({ length: 40 }, () => use1(next(), quarter(), NOW)));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(4);
    expect(await use1(next(), { ...quarter(), key: 'another' }, NOW + tests * 1000)).toBe(0);
  });

  it('several are used together, all of them or none', async () => {
    const some = quarter();
    const all = { key: `all${tests}`, amount: 100, window: 100 };
    expect(await next().use([some, all], NOW)).toEqual([0, 0]);
    expect(await next().use([some, all], NOW)).toEqual([0, 100]);
    for (let used = 1; used < 4; used += 1) expect(await use1(next(), some, NOW)).toBe(0);
    expect(await use1(next(), some, NOW)).toBe(25);
    await next().settle([all, some], [], NOW);
    expect(await next().use([all, some], NOW)).toEqual([0, 0]);
  });

  it('none is used where one that is only looked at is used up, and that one is not counted', async () => {
    const looked = quarter();
    const used = { ...quarter(), key: `used${tests}` };
    for (let times = 0; times < 9; times += 1) expect(await next().use([], NOW, [looked])).toEqual([0]);
    await use1(next(), { ...looked, amount: 100 }, NOW);
    for (let times = 0; times < 9; times += 1) {
      expect(await next().use([used], NOW, [looked, looked])).toEqual([25, 25, 0]);
    }
    for (let times = 0; times < 4; times += 1)
      expect(await next().use([used], NOW + 25, [looked])).toEqual([0, 0]);
    expect(await next().use([used], NOW + 25, [looked])).toEqual([0, 25]);
  });

  it('those used together in any order by many at once are never more than there are', async () => {
    const keys = ['a', 'b', 'c'].map((key) => ({ key: `${key}${tests}`, amount: 25, window: 100 }));
    const waits = await Promise.all(
      Array.from({ length: 30 }, (_, index) => next().use(index % 2 ? keys : keys.toReversed(), NOW)),
    );
    expect(waits.filter((each) => each.every((wait) => wait === 0))).toHaveLength(4);
  });
});

it('a counter whose share has refilled is deleted from the database', async () => {
  await use1(shared(0), { key: 'past', amount: 10, window: 100 }, NOW - 1000);
  await use1(shared(0), { key: 'present', amount: 10, window: 100 }, NOW + 1_000_000);
  while (((await stores[1]?.forgetAllowances(NOW + 500_000, 2)) ?? 0) > 0);
  expect(await wait1(shared(1), { key: 'present', amount: 100, window: 100 }, NOW + 1_000_000)).toBe(10);
});

it('an RA remembers no more keys than it has memory for', async () => {
  const local = new LocalAllowances(nothing, () => {});
  const use = (key: string) => use1(local, { key, amount: 100, window: 100 }, NOW);
  await use('first');
  for (let key = 0; key < 100_000; key += 1) await use(`k${key}`);
  expect(await use('first')).toBe(0);
  expect(await use('k99999')).toBe(100);
});

it('a share used while the clock was far ahead locks no client out when the clock is right again', async () => {
  const year = 365 * 86_400_000;
  const use = (key: string) => ({ key, amount: 100, window: 100 });
  const local = new LocalAllowances(nothing, () => {});
  await use1(local, use('a'), NOW + year);
  expect([await use1(local, use('a'), NOW), await use1(local, use('a'), NOW)]).toEqual([0, 100]);
  await use1(shared(0), use('ahead'), NOW + year);
  expect(await wait1(shared(1), use('ahead'), NOW)).toBe(0);
  await stores[0]?.forgetAllowances(NOW, 100);
  expect(await wait1(shared(1), use('ahead'), NOW)).toBe(0);
});

describe('an RA on SQLite writes its counts', () => {
  const quarter = { key: 'a', amount: 25, window: 100 };
  let written: number[][];
  let counting: LocalAllowances;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    written = [];
    const saveAllowances = async (used: Parameters<RaStore['saveAllowances']>[0]) =>
      void written.push(used.map(({ until }) => until - NOW));
    counting = new LocalAllowances({ ...nothing, saveAllowances }, () => {});
  });
  afterEach(() => void vi.useRealTimers());

  it('at once after a pause, and then once in a quarter of a second, however many there were', async () => {
    await use1(counting, quarter, NOW);
    await vi.advanceTimersByTimeAsync(0);
    expect(written).toEqual([[25]]);
    for (let used = 0; used < 3; used += 1) await use1(counting, quarter, NOW);
    await vi.advanceTimersByTimeAsync(249);
    expect(written).toEqual([[25]]);
    await vi.advanceTimersByTimeAsync(1);
    expect(written).toEqual([[25], [100]]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(written).toHaveLength(2);
    await use1(counting, { ...quarter, key: 'b' }, NOW);
    await vi.advanceTimersByTimeAsync(0);
    expect(written).toEqual([[25], [100], [25]]);
  });

  it('without the interval when it ends', async () => {
    await use1(counting, quarter, NOW);
    await vi.advanceTimersByTimeAsync(0);
    await use1(counting, quarter, NOW);
    await counting.saved();
    expect(written).toEqual([[25], [50]]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('an RA on SQLite continues counting after it was killed, and writes later what it could not write', async () => {
  const folder = newFolder();
  const quarter = (key: string) => ({ key, amount: 25, window: 100 });
  try {
    const first = await openRaStore(join(folder, 'acme.db'));
    let away = false;
    const troubles: unknown[] = [];
    const keeper = {
      loadAllowances: first.loadAllowances,
      saveAllowances: (used: Parameters<RaStore['saveAllowances']>[0]) =>
        away ? Promise.reject(new StoreUnavailable('away')) : first.saveAllowances(used),
    };
    const counting = await LocalAllowances.open(keeper, NOW, (error) => troubles.push(error));
    for (let used = 0; used < 4; used += 1) await use1(counting, quarter('a'), NOW);
    for (let used = 0; used < 2; used += 1) await use1(counting, quarter('b'), NOW);
    await use1(counting, quarter('gone'), NOW);
    await counting.settle([quarter('gone')], [], NOW);
    await counting.saved();
    away = true;
    for (let used = 0; used < 4; used += 1) await use1(counting, quarter('late'), NOW);
    await counting.saved();
    expect(troubles.length).toBeGreaterThan(0);
    away = false;
    await use1(counting, quarter('b'), NOW);
    await counting.saved();
    await first.close();

    const second = await openRaStore(join(folder, 'acme.db'));
    const again = await LocalAllowances.open(second, NOW + 10, () => {});
    const waits = ['a', 'b', 'late', 'gone'].map((key) => wait1(again, quarter(key), NOW + 10));
    expect(await Promise.all(waits)).toEqual([15, 0, 15, 0]);
    expect(await use1(again, quarter('b'), NOW + 10)).toBe(0);
    expect(await use1(again, quarter('b'), NOW + 10)).toBe(15);
    await again.saved();
    while ((await second.forgetAllowances(NOW + 500, 1)) > 0);
    expect(await second.loadAllowances(NOW, 10)).toEqual([]);
    await second.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
