import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Stuck, unlessStuck, type WatchTime, watched } from '../../../tools/chaos/watchdog.js';

/** A time that passes as soon as it is waited for, with work that is done after so many milliseconds of it. */
function made(doneAfter: number) {
  let now = 0;
  let finish: (outcome: string) => void = () => {};
  const work = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const time: WatchTime = {
    now: () => now,
    pause: async (milliseconds, signal) => {
      await turn();
      signal.throwIfAborted();
      now += milliseconds;
      if (now >= doneAfter) finish('done');
    },
  };
  return { work, watch: { lookEvery: 5, stuckAfter: 60, time } };
}

it('a run without progress ends, and reports where it waits and whether the thread pool answers', async () => {
  const unwatch = watched(() => 'the load has ended; 7 requests sent, waiting for finalize /acme/order/1');
  const { work, watch } = made(Number.POSITIVE_INFINITY);
  const ended = unlessStuck(work, { told: () => 3, ...watch });
  await expect(ended).rejects.toBeInstanceOf(Stuck);
  await expect(ended).rejects.toThrow(/no progress.*waiting for finalize.*thread pool answers.*open here:/s);
  unwatch();
});

it('a run that makes progress, by lines or by requests, is not ended', async () => {
  const byLines = made(250);
  let told = 0;
  expect(await unlessStuck(byLines.work, { told: () => told++, ...byLines.watch })).toBe('done');
  let sent = 0;
  const unwatch = watched(() => `${sent++} requests`);
  const byWords = made(250);
  expect(await unlessStuck(byWords.work, { told: () => 0, ...byWords.watch })).toBe('done');
  unwatch();
});
