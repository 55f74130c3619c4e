import { describe, expect, it, vi } from 'vitest';
import { WorkQueue, type WorkQueueOptions } from '../../../src/ra/queues/work-queue.js';
import { StoreUnavailable } from '../../../src/store/contract/errors.js';

const gate = () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};

/** A queue over a plain array of due items, with what it claimed and ran. */
function world(overrides: Partial<WorkQueueOptions<number, string>> = {}) {
  const due: number[] = [];
  const claims: { now: number; leaseUntil: number; limit: number }[] = [];
  const ran: number[] = [];
  const errors: unknown[] = [];
  const queue = new WorkQueue<number, string>({
    claim: async (now, leaseUntil, limit) => {
      claims.push({ now, leaseUntil, limit });
      return due.splice(0, limit);
    },
    run: async (item) => {
      ran.push(item);
      return `did ${item}`;
    },
    capacity: 2,
    lease: 1000,
    sweepInterval: 60_000,
    soleRunner: true,
    clock: () => 5000,
    onError: (error) => errors.push(error),
    ...overrides,
  });
  return { queue, due, claims, ran, errors };
}

describe("a durable queue's runner", () => {
  it('continues at start with the items of an earlier run, when it is the only runner', async () => {
    const { queue, due, claims, ran } = world();
    due.push(1);
    queue.start();
    await vi.waitFor(() => expect(ran).toEqual([1]));
    expect(claims[0]).toMatchObject({ now: 6000 });
    await queue.stop();
  });

  it('respects the leases of other runners when it is not', async () => {
    const { queue, claims } = world({ soleRunner: false });
    queue.start();
    await vi.waitFor(() => expect(claims[0]).toMatchObject({ now: 5000, leaseUntil: 6000 }));
    await queue.stop();
  });

  it('never runs more than its capacity, and comes back for the rest', async () => {
    const doors = [gate(), gate(), gate(), gate(), gate()];
    let running = 0;
    let most = 0;
    const { queue, due } = world({
      run: async (item) => {
        running += 1;
        most = Math.max(most, running);
        await doors[item]?.opened;
        running -= 1;
        return '';
      },
    });
    due.push(0, 1, 2, 3, 4);
    queue.start();
    for (const [index, door] of doors.entries()) {
      await vi.waitFor(() => expect(running).toBe(Math.min(2, doors.length - index)));
      door.open();
    }
    await vi.waitFor(() => expect(due).toEqual([]));
    await vi.waitFor(() => expect(running).toBe(0));
    expect(most).toBe(2);
    await queue.stop();
  });

  it('runs every item when it falls due, not only the first of several', async () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const waiting = [
        { item: 1, at: 500 },
        { item: 2, at: 530 },
        { item: 3, at: 2000 },
      ];
      const { queue, ran } = world({
        soleRunner: false,
        clock: Date.now,
        claim: async (now, _, limit) => {
          const due = waiting.filter(({ at }) => at <= now).slice(0, limit);
          for (const each of due) waiting.splice(waiting.indexOf(each), 1);
          return due.map(({ item }) => item);
        },
      });
      queue.start();
      await vi.advanceTimersByTimeAsync(10);
      for (const { at } of waiting) queue.wakeAt(at);
      await vi.advanceTimersByTimeAsync(510);
      expect(ran).toEqual([1]);
      await vi.advanceTimersByTimeAsync(40);
      expect(ran).toEqual([1, 2]);
      await vi.advanceTimersByTimeAsync(1480);
      expect(ran).toEqual([1, 2, 3]);
      await queue.stop();
    } finally {
      vi.useRealTimers();
    }
  });

  it('refuses a direct item when full, and its lease shows this', async () => {
    const door = gate();
    const { queue } = world({ run: async () => door.opened.then(() => 'done') });
    expect(queue.leaseForNew()).toBe(6000);
    const first = queue.execute(1);
    queue.execute(2);
    expect(queue.leaseForNew()).toBe(5000);
    expect(queue.execute(3)).toBeNull();
    door.open();
    expect(await first).toBe('done');
    await queue.stop();
  });

  it('reports a failing item and continues', async () => {
    const { queue, due, errors } = world({
      run: async (item) => {
        if (item === 1) throw new Error('boom');
        return '';
      },
    });
    due.push(1, 2, 3);
    queue.start();
    await vi.waitFor(() => expect(due).toEqual([]));
    await queue.stop();
    expect(errors).toEqual([new Error('boom')]);
  });

  it('runs an item again while it is leased when its outcome could not be recorded, and reports this once', async () => {
    let time = 5000;
    let tries = 0;
    const { queue, due, claims, errors } = world({
      clock: () => time,
      againAfter: 1,
      run: async (item) => {
        tries += 1;
        if (tries < 4) throw new StoreUnavailable(`away ${item}`);
        return 'recorded';
      },
    });
    due.push(1);
    queue.start();
    await vi.waitFor(() => expect(tries).toBe(4));
    expect(errors).toEqual([new StoreUnavailable('away 1')]);
    expect(claims).toHaveLength(1);

    // Past its lease it is whoever's who claims it.
    tries = 0;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const first = queue.execute(2);
    time += 1000;
    await expect(first).rejects.toThrow('away 2');
    await vi.advanceTimersByTimeAsync(1_000);
    vi.useRealTimers();
    expect(tries).toBe(1);
    await queue.stop();
  });

  it('does not run an item again that failed for another reason', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let tries = 0;
    const { queue } = world({
      againAfter: 1,
      run: async () => {
        tries += 1;
        throw new Error('boom');
      },
    });
    await expect(queue.execute(1)).rejects.toThrow('boom');
    await vi.advanceTimersByTimeAsync(1_000);
    vi.useRealTimers();
    expect(tries).toBe(1);
    await queue.stop();
  });

  it('aborts what runs when stopped', async () => {
    let aborted = false;
    const { queue } = world({
      run: (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve('');
          });
        }),
    });
    queue.execute(1);
    await queue.stop();
    expect(aborted).toBe(true);
    expect(queue.execute(2)).toBeNull();
  });
});
