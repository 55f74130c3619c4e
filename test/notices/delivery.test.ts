import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HOUR } from '../../src/lib/time.js';
import { Delivery } from '../../src/notices/delivery.js';
import { type Sender, ServerSilent } from '../../src/notices/targets.js';
import type { NoticeQueue } from '../../src/store/contract/notices.js';
import { openRaStore, type RaStore, StoreUnavailable } from '../../src/store/index.js';
import { newFolder } from '../../tools/kit/folder.js';

const START = Date.parse('2027-01-10T12:00:00Z');
const BODY = JSON.stringify({ type: 'test', subject: 's', text: 't', data: {} });

let folder: string;
let store: RaStore;
let now: number;
beforeEach(async () => {
  folder = newFolder();
  store = await openRaStore(join(folder, 'ra.db'));
  now = START;
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

/** The ids that each target got; a target whose name begins with `silent` gives no answer. */
function world(queue: NoticeQueue = store) {
  const tries: string[] = [];
  const senderOf = (target: string): { sender: Sender; configured: boolean } => ({
    configured: true,
    sender: {
      ...{ key: target, label: target, server: target.split('/', 1)[0] ?? '' },
      async send({ id }) {
        tries.push(`${target} ${id}`);
        if (target.startsWith('silent')) throw new ServerSilent('it timed out');
      },
    },
  });
  const delivery = new Delivery({ queue, senderOf, clock: () => now, log: pino({ level: 'silent' }) });
  const all = async () => {
    while ((await delivery.step()) > 0);
  };
  return { delivery, tries, all };
}

async function queued(targets: readonly string[]): Promise<void> {
  const notices = targets.map((target, index) => ({ id: `n${index}`, target, body: BODY, createdAt: START }));
  await store.queueNotices({ keys: ['k'], until: START + HOUR }, notices);
}

it('a hundred notices for the targets of a silent server delay no other: after the first of them the server rests', async () => {
  const silent = Array.from({ length: 100 }, (_, index) => `silent/${index}`);
  await queued([...silent, 'works']);
  const { tries, all } = world();
  await all();
  expect(tries).toContain('works n100');
  expect(tries.filter((each) => each.startsWith('silent')).length).toBeLessThanOrEqual(8);
  expect((await store.waitingNotices(1000)).count).toBe(100);
});

it('a silent server is tried again with the next pause', async () => {
  await queued(['silent/a']);
  const { tries, all } = world();
  for (const wait of [0, 10_000, 30_000, 120_000]) {
    now += wait;
    await all();
  }
  expect(tries).toHaveLength(4);
});

it('a notice that was accepted while the database could not remove it is not sent again', async () => {
  await queued(['works']);
  let fails = true;
  const failing: NoticeQueue = Object.assign(Object.create(store), {
    removeNotice: (id: string) =>
      fails ? Promise.reject(new StoreUnavailable('the disk is full')) : store.removeNotice(id),
  });
  const { delivery, tries, all } = world(failing);
  for (let round = 0; round < 3; round += 1) {
    await expect(delivery.step()).rejects.toThrow('the disk is full');
    now += 60_000;
  }
  fails = false;
  await all();
  expect(tries).toEqual(['works n0']);
  expect((await store.waitingNotices(10)).count).toBe(0);
});
