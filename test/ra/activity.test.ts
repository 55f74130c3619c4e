import { describe, expect, it } from 'vitest';
import { byDay } from '../../src/console/by-day.js';
import { Activity } from '../../src/ra/activity.js';

const HOUR = 3600_000;
const DAY = 24 * HOUR;

describe('what an RA counts for its charts', () => {
  it('is by the hour, and hours without anything are left out', () => {
    let now = 10 * HOUR + 1;
    const activity = new Activity(() => now);
    activity.note('issued');
    activity.note('issued');
    activity.note('failed');
    now += 2 * HOUR;
    activity.note('revoked');
    expect(activity.hours()).toEqual([
      { at: 10 * HOUR, issued: 2, failed: 1, revoked: 0 },
      { at: 12 * HOUR, issued: 0, failed: 0, revoked: 1 },
    ]);
  });

  it('is forgotten after thirty days, so that it never grows', () => {
    let now = 0;
    const activity = new Activity(() => now);
    for (; now < 100 * DAY; now += HOUR) activity.note('issued');
    expect(activity.hours().length).toBeLessThanOrEqual(721);
  });

  it('goes on from what was kept', () => {
    const activity = new Activity(() => HOUR, [{ at: HOUR, issued: 3, failed: 0, revoked: 0 }]);
    activity.note('issued');
    expect(activity.hours()).toEqual([{ at: HOUR, issued: 4, failed: 0, revoked: 0 }]);
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
