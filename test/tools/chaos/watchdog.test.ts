import { expect, it } from 'vitest';
import { Stuck, unlessStuck, watched } from '../../../tools/chaos/watchdog.js';

const quick = { lookEvery: 5, stuckAfter: 60 };

it('a run in which nothing moves ends, and says where it waits and whether the thread pool answers', async () => {
  const unwatch = watched(() => 'the load has ended; 7 requests sent, waiting for finalize /acme/order/1');
  const never = new Promise<never>(() => {});
  const ended = unlessStuck(never, { told: () => 3, ...quick });
  await expect(ended).rejects.toBeInstanceOf(Stuck);
  await expect(ended).rejects.toThrow(
    /nothing has moved.*waiting for finalize.*thread pool answers.*open here:/s,
  );
  unwatch();
});

it('a run that goes on, by its lines or by what it does, is left alone', async () => {
  let told = 0;
  const lines = setInterval(() => {
    told += 1;
  }, 5);
  const slow = new Promise<string>((resolve) => void setTimeout(() => resolve('done'), 250));
  expect(await unlessStuck(slow, { told: () => told, ...quick })).toBe('done');
  clearInterval(lines);
  let sent = 0;
  const unwatch = watched(() => `${sent++} requests`);
  const other = new Promise<string>((resolve) => void setTimeout(() => resolve('done'), 250));
  expect(await unlessStuck(other, { told: () => 0, ...quick })).toBe('done');
  unwatch();
});
