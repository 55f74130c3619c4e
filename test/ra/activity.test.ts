import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { byDay } from '../../src/console/by-day.js';
import { Activity } from '../../src/ra/activity.js';
import { openRaStore, type RaStore } from '../../src/store/index.js';
import { newFolder } from '../../tools/kit/folder.js';

const HOUR = 3600_000;
const DAY = 24 * HOUR;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function openStore(): Promise<RaStore> {
  const store = await openRaStore(join(newFolder(), 'acme.db'));
  closing.push(() => store.close());
  return store;
}

const never = (error: unknown) => {
  throw error;
};

describe('what RAs count for the charts', () => {
  it('is by the hour, and hours without anything are left out', async () => {
    let now = 10 * HOUR + 1;
    const activity = new Activity({ store: await openStore(), clock: () => now, onError: never });
    activity.note('issued');
    activity.note('issued');
    activity.note('failed');
    now += 2 * HOUR;
    activity.note('revoked');
    expect(await activity.hours()).toEqual([
      { at: 10 * HOUR, issued: 2, failed: 1, revoked: 0 },
      { at: 12 * HOUR, issued: 0, failed: 0, revoked: 1 },
    ]);
  });

  it('is of all RAs on a store together, and outlives each of them', async () => {
    const store = await openStore();
    const ras = [1, 2, 3].map(() => new Activity({ store, clock: () => HOUR, onError: never }));
    for (const [index, ra] of ras.entries())
      for (let times = 0; times <= index; times += 1) ra.note('issued');
    await Promise.all(ras.map((ra) => ra.stop()));
    const another = new Activity({ store, clock: () => HOUR, onError: never });
    expect(await another.hours()).toEqual([{ at: HOUR, issued: 6, failed: 0, revoked: 0 }]);
  });

  it('is forgotten after thirty days, so that it never grows', async () => {
    const store = await openStore();
    let now = 0;
    const activity = new Activity({ store, clock: () => now, onError: never });
    for (; now < 100 * DAY; now += HOUR) activity.note('issued');
    await activity.write();
    expect((await store.listActivity(0, now)).length).toBe(721);
  });

  it('survives a clock that is a year ahead for a while: its counts of that time are not reported', async () => {
    const store = await openStore();
    const at = (now: number) => new Activity({ store, clock: () => now, onError: never });
    const count = async (now: number) => {
      const ra = at(now);
      ra.note('issued');
      await ra.write();
    };
    for (const hour of [0, 1, 2]) await count(hour * HOUR);
    await count(2 * HOUR + 365 * DAY);
    expect((await at(2 * HOUR).hours()).map((hour) => hour.at / HOUR)).toEqual([0, 1, 2]);
  });

  it('waits while the store is away, and is added when it is back', async () => {
    const store = await openStore();
    let away = true;
    const errors: unknown[] = [];
    const activity = new Activity({
      store: {
        listActivity: store.listActivity,
        addActivity: (...counts) => (away ? Promise.reject(new Error('away')) : store.addActivity(...counts)),
      },
      clock: () => HOUR,
      onError: (error) => errors.push(error),
    });
    activity.note('failed');
    await expect(activity.hours()).rejects.toThrow('away');
    activity.note('failed');
    away = false;
    await activity.stop();
    expect(errors).toEqual([]);
    expect(await store.listActivity(0, HOUR)).toEqual([{ at: HOUR, issued: 0, failed: 2, revoked: 0 }]);
  });
});

it('a chart has a bar for each day of the reader, today last, and adds the hours of a day', () => {
  const now = new Date(2026, 2, 10, 12);
  const at = (day: number, hour: number) => new Date(2026, 2, day, hour).toISOString();
  const bars = byDay(
    [
      { hour: at(10, 1), count: 2 },
      { hour: at(10, 11), count: 3 },
      { hour: at(8, 23), count: 1 },
      { hour: at(1, 1), count: 9 },
    ],
    3,
    now,
  );
  expect(bars.map(({ count }) => count)).toEqual([1, 0, 5]);
});
