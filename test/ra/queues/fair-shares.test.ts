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
    clock: () => time.now,
  });
  /** Takes as many places as there are, at most so many. */
  const take = (account: string, target: string, most = 100) => {
    const left: (() => void)[] = [];
    while (left.length < most && shares.admits({ account, target }))
      left.push(shares.enter({ account, target }));
    return left;
  };
  return { shares, take, time };
}

describe('the places of a queue', () => {
  it('are shared: no account has more than its part', () => {
    const { take } = world();
    const mine = take('a', 'x');
    expect(mine).toHaveLength(6);
    mine.pop()?.();
    expect(take('a', 'x')).toHaveLength(1);
  });

  it('some are kept for accounts that have none', () => {
    const { take } = world();
    expect(['a', 'b', 'c', 'd'].map((each) => take(each, 'x').length)).toEqual([6, 6, 4, 1]);
    expect(take('a', 'x')).toHaveLength(0);
    expect(['e', 'f', 'g', 'h'].map((each) => take(each, 'x').length)).toEqual([1, 1, 1, 0]);
  });

  it('are few for targets that hang, until these answer or are forgotten', () => {
    const { shares, take, time } = world();
    for (const target of ['x', 'y', 'z']) shares.found(target, true);
    expect([take('a', 'x').length, take('a', 'y').length, take('a', 'ok').length]).toEqual([2, 0, 4]);
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
    expect(take('a', 'ok')).toHaveLength(4);
  });

  it('the memory of targets that hang is bounded', () => {
    const { shares } = world();
    for (let index = 0; index < 20_000; index += 1) shares.found(`host-${index}`, true);
    expect(shares.admits({ account: 'a', target: 'host-0' })).toBe(true);
  });
});
