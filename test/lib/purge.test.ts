import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Purge } from '../../src/lib/purge.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YEAR = 365 * 24 * HOUR;

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

/** A purge whose clock is `time.ahead` off what has passed. */
function purging() {
  const time = { ahead: 0 };
  const removals: number[] = [];
  const purge = new Purge({
    takeLease: async () => true,
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
