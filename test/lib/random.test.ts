import { expect, it } from 'vitest';
import { randomOctets } from '../../src/lib/random.js';

it('gives no octet of its pool out twice, also across a refill', () => {
  const drawn = Array.from({ length: 2_000 }, () => randomOctets(16));
  const places = new Set(drawn.map((each) => `${each.buffer === drawn[0]?.buffer} ${each.byteOffset}`));
  expect(new Set(drawn.map((each) => each.toString('hex'))).size).toBe(2_000);
  expect(places.size).toBeGreaterThan(256);
});

it('gives as many octets as were asked for, also more than the pool holds', () => {
  expect([0, 1, 17, 4096, 10_000].map((count) => randomOctets(count).length)).toEqual([
    0, 1, 17, 4096, 10_000,
  ]);
  expect(randomOctets(10_000).every((octet) => octet === 0)).toBe(false);
});
