import fc from 'fast-check';
import { expect, it } from 'vitest';
import { advanced, type PacedTime, pacedText, readPaced } from '../../src/lib/paced-time.js';

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;
const from = (time: number, at = NOW - DAY): PacedTime => ({ time, at });

it.each<[string, PacedTime | null, number, number]>([
  ['is the clock at first', null, 0, NOW],
  ['is the clock while that is right', from(NOW - DAY), DAY, NOW],
  ['goes twice as fast after a long pause', from(NOW - 100 * DAY), DAY, NOW - 98 * DAY],
  [
    'does not jump with a clock that is ahead',
    from(NOW - 4_000 * DAY, NOW - 4_000 * DAY),
    1_000,
    NOW - 4_000 * DAY + 2_000,
  ],
  ['goes back slowly when it was ahead', from(NOW + 100 * DAY), DAY, NOW + 98 * DAY],
  ['stays when the clock was set back', from(NOW, NOW + DAY), DAY, NOW],
  ['does not count what another program has counted', from(NOW - 9 * DAY, NOW), DAY, NOW - 9 * DAY],
])('the time %s', (_, before, passed, time) => {
  expect(advanced(before, NOW, passed)).toEqual({ time, at: NOW });
});

it('never moves by more than twice what passed, and is read back as it was written', () => {
  const ms = fc.integer({ min: 0, max: 4_000_000_000_000 });
  fc.assert(
    fc.property(ms, ms, ms, fc.double({ min: 0, max: 1e12, noNaN: true }), (time, at, now, passed) => {
      const next = advanced({ time, at }, now, passed);
      expect(Math.abs(next.time - time)).toBeLessThanOrEqual(2 * passed);
      expect(readPaced(pacedText(next))).toEqual(next);
    }),
  );
});

it.each([null, '', 'x', '1', '1 ', '-1 2', '1.5 2', '1 2 3'])('%j is no time', (text) => {
  expect(readPaced(text)).toBeNull();
});
