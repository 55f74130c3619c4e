import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Purge, type PurgeStore } from '../../src/lib/purge.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YEAR = 365 * 24 * HOUR;

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

/** A store of one process, or of several. */
function aStore(): PurgeStore {
  const settings = new Map<string, string>();
  return {
    takeLease: async () => true,
    getSetting: async (name) => settings.get(name) ?? null,
    putSetting: async (name, value) => void settings.set(name, value),
  };
}

/** A purge whose clock is `time.ahead` off what has passed. */
function purging(store = aStore()) {
  const time = { ahead: 0 };
  const removals: number[] = [];
  const purge = new Purge({
    store,
    remove: async (now) => removals.push(now) < 0,
    clock: () => Date.now() + time.ahead,
    passing: () => Date.now(),
    onError: (error) => expect.unreachable(String(error)),
  });
  return { time, removals, purge };
}

it('nothing is deleted in the first hour, nor in the hour after the clock was set, because it may be years ahead', async () => {
  const { time, removals, purge } = purging();
  purge.start();
  await vi.advanceTimersByTimeAsync(50 * MINUTE);
  expect(removals).toEqual([]);
  await vi.advanceTimersByTimeAsync(20 * MINUTE);
  expect(removals).not.toEqual([]);

  removals.length = 0;
  time.ahead = YEAR;
  await vi.advanceTimersByTimeAsync(50 * MINUTE);
  time.ahead = 0;
  await vi.advanceTimersByTimeAsync(50 * MINUTE);
  expect(removals).toEqual([]);
  await vi.advanceTimersByTimeAsync(30 * MINUTE);
  expect(removals.length).toBeGreaterThan(0);
  for (const now of removals) expect(now).toBeLessThan(Date.now() + MINUTE);
  await purge.stop();
});

it('a clock that runs fast removes nothing', async () => {
  const { time, removals, purge } = purging();
  purge.start();
  for (let minute = 0; minute < 180; minute += 1) {
    time.ahead += HOUR;
    await vi.advanceTimersByTimeAsync(MINUTE);
  }
  expect(removals).toEqual([]);
  await purge.stop();
});

it('a clock that is ten years ahead for a week, also after a start, removes at most what ends in that week', async () => {
  const store = aStore();
  const right = purging(store);
  right.purge.start();
  await vi.advanceTimersByTimeAsync(2 * HOUR);
  await right.purge.stop();

  const wrong = purging(store);
  wrong.time.ahead = 10 * YEAR;
  const since = Date.now();
  wrong.purge.start();
  await vi.advanceTimersByTimeAsync(7 * 24 * HOUR);
  await wrong.purge.stop();
  expect(wrong.removals.length).toBeGreaterThan(100);
  expect(Math.max(...wrong.removals)).toBeLessThanOrEqual(since + 14 * 24 * HOUR);

  const after = purging(store);
  after.purge.start();
  await vi.advanceTimersByTimeAsync(2 * HOUR);
  expect(after.removals.length).toBeGreaterThan(0);
  for (const now of after.removals) expect(now).toBeLessThanOrEqual(Date.now());
  await after.purge.stop();
});

it('several processes on one store do not go faster, and one with a wrong clock does not stop the others', async () => {
  const store = aStore();
  const processes = [purging(store), purging(store), purging(store)];
  for (const { purge } of processes) purge.start();
  await vi.advanceTimersByTimeAsync(2 * HOUR);
  const [ahead, ...others] = processes;
  if (ahead) ahead.time.ahead = 10 * YEAR;
  const since = Date.now();
  await vi.advanceTimersByTimeAsync(24 * HOUR);
  expect(Math.max(...processes.flatMap(({ removals }) => removals))).toBeLessThanOrEqual(since + 48 * HOUR);
  for (const { removals } of others) expect(Math.max(...removals)).toBeGreaterThan(Date.now() - HOUR);
  for (const { purge } of processes) await purge.stop();
});
