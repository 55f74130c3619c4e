import { randomFillSync } from 'node:crypto';

/** Octets drawn from the system's generator at once. */
const POOL = 4096;

let pool = Buffer.alloc(0);

/**
 * Random octets for ids, tokens and questions, as unpredictable as `crypto.randomBytes`, which draws for each call: of a few octets that
 * costs several times as much. No octet is given out twice. Not for keys.
 */
export function randomOctets(count: number): Buffer {
  if (count > pool.length) {
    if (count > POOL) return randomFillSync(Buffer.alloc(count));
    pool = randomFillSync(Buffer.alloc(POOL));
  }
  const drawn = pool.subarray(0, count);
  pool = pool.subarray(count);
  return drawn;
}
