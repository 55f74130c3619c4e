import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { messageOf } from '../../src/notices/message.js';
import { noticeParts } from '../../src/programs/ra/notices.js';
import { openRaStore } from '../../src/store/index.js';
import { anAccount } from '../../tools/kit/facts.js';
import { newFolder } from '../../tools/kit/folder.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function receiver(statuses: number[]): Promise<{ url: string; ids: unknown[] }> {
  const ids: unknown[] = [];
  const server = createServer((request, response) => {
    ids.push(request.headers['webhook-id']);
    response.writeHead(statuses.shift() ?? 204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, ids };
}

async function parts(wishes: { notify: string[]; notifyContacts?: boolean; smtpUrl?: string }) {
  const folder = newFolder();
  const store = await openRaStore(join(folder, 'ra.db'));
  undo.push(
    () => rm(folder, { recursive: true }),
    () => store.close(),
  );
  const settings = {
    ...{
      notifySecret: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
      notifyContacts: false,
      smtpUrl: null,
    },
    ...wishes,
  };
  const log = pino({ level: 'silent' });
  return {
    store,
    ...(await noticeParts(settings, { store, ra: 'ra.test', root: '', clock: Date.now, log })),
  };
}

it('a notice without the queue is tried again at the target that did not accept it, and only there', async () => {
  const [good, bad] = [await receiver([]), await receiver([500, 500])];
  const { direct } = await parts({ notify: [good.url, bad.url] });
  const message = messageOf('database.away', [], 'ra.test');
  const outcomes: boolean[] = [];
  for (let round = 0; round < 4; round += 1) outcomes.push(await direct('msg_1', 0, message));
  expect(outcomes).toEqual([false, false, true, true]);
  expect(good.ids).toEqual(['msg_1']);
  expect(bad.ids).toEqual(['msg_1', 'msg_1', 'msg_1']);
});

it('a contact gets notices in whatever case its scheme is written (RFC 3986 §3.1)', async () => {
  const { store, notices } = await parts({ notify: [], notifyContacts: true, smtpUrl: 'smtp://127.0.0.1:1' });
  const account = anAccount({ contact: ['MAILTO:owner@example.test', 'tel:+123'] });
  await store.createAccount(account);
  await notices.tell([
    { type: 'certificate.not_renewed', key: 'k', line: 'l', facts: {}, accountId: account.id },
  ]);
  const claimed = await store.claimNotices(Date.now(), Date.now() + 60_000, 9);
  expect(claimed.map(({ target }) => target)).toEqual(['mailto:owner@example.test']);
});
