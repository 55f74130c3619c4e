import { describe, expect, it } from 'vitest';
import { parseDateOrTime } from '../../src/lib/rfc3339.js';

describe('what an operator writes for a time', () => {
  it.each([
    ['2026-03-01', '2026-03-01T00:00:00.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
    ['2026-03-01T12:30Z', '2026-03-01T12:30:00.000Z'],
    ['2026-03-01T12:30:15Z', '2026-03-01T12:30:15.000Z'],
    ['2026-03-01T12:30:15.25+02:00', '2026-03-01T10:30:15.250Z'],
  ])('%s is %s', (text, expected) => {
    expect(new Date(parseDateOrTime(text) ?? 0).toISOString()).toBe(expected);
  });

  it.each([
    ...['', 'soon', '1', '2026', '2026-03', 'Mar 1', '03/04/2026', '1796000000', '--------02'],
    // Date.parse takes the first two of these for days in March.
    ...['2026-02-30', '2027-02-29', '2026-04-31T00:00Z', '2026-13-01', '2026-03-01T24:00Z'],
    // Without Z, Date.parse takes a time as local.
    ...['2026-03-01T12:00', '2026-03-01T12:00:00', '2026-03-01 12:00:00Z', ' 2026-03-01'],
  ])('"%s" is none', (text) => {
    expect(parseDateOrTime(text)).toBeNull();
  });
});
