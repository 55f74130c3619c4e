import { expect, it } from 'vitest';
import { MINUTE } from '../../../src/lib/time.js';
import { stuckNotices } from '../../../src/programs/ra/status.js';

const START = Date.parse('2027-01-10T12:00:00Z');

it('the status warns of notices that no target accepts, and not of those that have just been queued', () => {
  expect(stuckNotices({ count: 0, oldest: null }, START)).toEqual([]);
  expect(stuckNotices({ count: 3, oldest: START }, START + 14 * MINUTE)).toEqual([]);
  expect(stuckNotices({ count: 3, oldest: START }, START + 15 * MINUTE)).toEqual([
    'notices are not accepted: 3 wait, the first since 2027-01-10T12:00:00.000Z; `upki notify test` tries every target',
  ]);
});
