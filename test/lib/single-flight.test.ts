import { describe, expect, it } from 'vitest';
import { monotonic } from '../../src/lib/monotonic.js';
import { RefreshedValue } from '../../src/lib/refreshed-value.js';
import { SingleFlight } from '../../src/lib/single-flight.js';

/** Work that ends when it is told to. */
function heldWork() {
  const runs: { end(value: number): void; fail(error: Error): void }[] = [];
  const work = () =>
    new Promise<number>((resolve, reject) => {
      runs.push({ end: resolve, fail: reject });
    });
  return { runs, flight: new SingleFlight(work) };
}

describe('a single flight', () => {
  it('runs once for all callers that join while it runs, and again for later ones', async () => {
    const { runs, flight } = heldWork();
    const both = Promise.all([flight.join(), flight.join()]);
    runs[0]?.end(1);
    expect(await both).toEqual([1, 1]);
    const again = flight.join();
    runs[1]?.end(2);
    expect([await again, runs.length]).toEqual([2, 2]);
  });

  it('lets a caller that needs a later run join the next one, which all waiting callers share', async () => {
    const { runs, flight } = heldWork();
    const first = flight.join();
    const next = Promise.all([flight.after(), flight.after()]);
    runs[0]?.end(1);
    await first;
    await expect.poll(() => runs.length).toBe(2);
    runs[1]?.end(2);
    expect(await next).toEqual([2, 2]);
  });

  it('starts the next run also when the one before it fails, and is idle when neither runs', async () => {
    const { runs, flight } = heldWork();
    const first = flight.join();
    const next = flight.after();
    const idle = flight.idle();
    runs[0]?.fail(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await expect.poll(() => runs.length).toBe(2);
    runs[1]?.end(2);
    expect(await next).toBe(2);
    await idle;
  });
});

describe('a refreshed value', () => {
  it('is loaded once, served during a refresh, and still served when the refresh fails', async () => {
    let now = 0;
    let fails = false;
    let asked = 0;
    const ask = async () => {
      asked += 1;
      if (fails) throw new Error('away');
      return asked;
    };
    const value = new RefreshedValue(ask, 100, () => now);
    expect(await Promise.all([value.get(), value.get()])).toEqual([1, 1]);
    now = 99;
    expect([await value.get(), asked]).toEqual([1, 1]);
    now = 100;
    expect(await value.get()).toBe(1);
    await expect.poll(() => value.get()).toBe(2);
    fails = true;
    now = 200;
    expect([await value.get(), await value.get()]).toEqual([2, 2]);
    expect(asked).toBeGreaterThan(2);
  });

  it('is loaded again for a caller that needs the current value; many callers share few loads', async () => {
    let made = 0;
    const value = new RefreshedValue(async () => (made += 1), 60_000, monotonic);
    expect(await value.get()).toBe(1);
    expect(await Promise.all(Array.from({ length: 50 }, () => value.renewed()))).toEqual(Array(50).fill(2));
    expect([made, await value.get()]).toEqual([2, 2]);
  });
});
