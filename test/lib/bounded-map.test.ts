import { describe, expect, it } from 'vitest';
import { BoundedMap } from '../../src/lib/bounded-map.js';

describe('a bounded map', () => {
  it('evicts its oldest entry when there is no room, and setting an entry again makes it the newest', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    map.set('c', 4);
    expect([...map]).toEqual([
      ['a', 3],
      ['c', 4],
    ]);
    expect([map.size, map.get('b')]).toEqual([2, undefined]);
  });

  it('evicts the least recently used entry where entries are read with use', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    expect(map.use('a')).toBe(1);
    map.set('c', 3);
    expect([map.use('b'), map.get('a')]).toEqual([undefined, 1]);
  });

  it('forgets a deleted entry, and all entries when it is cleared', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    expect([map.delete('a'), map.delete('a')]).toEqual([true, false]);
    map.set('b', 2);
    map.clear();
    expect(map.size).toBe(0);
  });
});
