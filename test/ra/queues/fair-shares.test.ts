import { describe, expect, it } from 'vitest';
import { FairShares } from '../../../src/ra/queues/fair-shares.js';

function world() {
  const time = { now: 0 };
  const shares = new FairShares({
    capacity: 20,
    spare: 4,
    perAccount: 6,
    hung: 5,
    hungPerAccount: 2,
    patience: 500,
    clock: () => time.now,
  });
  /** Takes as many places as there are, at most so many. */
  const take = (account: string, target: string, most = 100) => {
    const left: (() => void)[] = [];
    while (left.length < most && shares.admits({ account, target }))
      left.push(shares.enter({ account, target }, () => moved.push(account)));
    return left;
  };
  const moved: string[] = [];
  return { shares, take, time, moved };
}

describe('the places of a queue', () => {
  it('are shared: no account has more than its part', () => {
    const { take } = world();
    const mine = take('a', 'x');
    expect(mine).toHaveLength(6);
    mine.pop()?.();
    expect(take('a', 'x')).toHaveLength(1);
  });

  it('some are reserved for accounts that have none', () => {
    const { take } = world();
    expect(['a', 'b', 'c', 'd'].map((each) => take(each, 'x').length)).toEqual([6, 6, 4, 1]);
    expect(take('a', 'x')).toHaveLength(0);
    expect(['e', 'f', 'g', 'h'].map((each) => take(each, 'x').length)).toEqual([1, 1, 1, 0]);
  });

  it('are few for targets that hang, until these answer or are forgotten', () => {
    const { shares, take, time } = world();
    for (const target of ['x', 'y', 'z']) shares.found(target, true);
    expect([take('a', 'x').length, take('a', 'y').length, take('a', 'ok').length]).toEqual([2, 0, 6]);
    expect([take('b', 'x').length, take('c', 'z').length, take('d', 'x').length]).toEqual([2, 1, 0]);
    shares.found('x', false);
    expect(take('d', 'x', 1)).toHaveLength(1);
    time.now += 300_000;
    expect(take('d', 'y', 1)).toHaveLength(1);
  });

  it('a place is given back as it was taken, though its target was found to hang meanwhile', () => {
    const { shares, take } = world();
    const mine = take('a', 'x');
    shares.found('x', true);
    for (const leave of mine) leave();
    expect(take('a', 'x')).toHaveLength(2);
    expect(take('a', 'ok')).toHaveLength(6);
  });

  it('work that took long gives way to an account that has none, the longest first, and its target counts as hanging', () => {
    const { shares, take, time, moved } = world();
    const takers = Array.from({ length: 20 }, (_, index) => `a${index}`);
    const left = takers.flatMap((each) => take(each, `of ${each}`, 1));
    expect(take('new', 'x')).toHaveLength(0);
    time.now += 499;
    expect(take('new', 'x')).toHaveLength(0);
    expect(shares.room()).toBe(5);
    time.now += 1;
    expect(shares.room()).toBe(6);
    expect(take('a19', 'x')).toHaveLength(0);
    expect([take('new', 'x').length, take('newer', 'x').length]).toEqual([1, 1]);
    expect(moved).toEqual(['a0', 'a1']);
    // Its place was given away: to leave it again frees none.
    left[0]?.();
    expect(take('b', 'x')).toHaveLength(1);
    expect(moved).toEqual(['a0', 'a1', 'a2']);
    expect([take('a0', 'of a0').length, take('a1', 'of a0').length]).toEqual([2, 2]);
  });

  it('the memory of targets that hang is bounded', () => {
    const { shares } = world();
    for (let index = 0; index < 20_000; index += 1) shares.found(`host-${index}`, true);
    expect(shares.admits({ account: 'a', target: 'host-0' })).toBe(true);
  });
});
