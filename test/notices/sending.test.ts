import { createHmac } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Finding } from '../../src/notices/message.js';
import { noticeParts } from '../../src/programs/ra/notices.js';
import { openRaStore, type RaStore } from '../../src/store/index.js';
import { toPem } from '../../src/x509/pem.js';
import { anAccount } from '../../tools/kit/facts.js';
import { newFolder } from '../../tools/kit/folder.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';
import { signingWorld } from '../../tools/kit/signing-world.js';
import { collectGarbage } from '../support/garbage.js';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const log = pino({ level: 'silent' });
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

interface Got {
  headers: IncomingMessage['headers'];
  body: string;
}

/** A webhook receiver that answers what `answer` says; null: it hangs. */
async function receiver(answer: {
  status: number | null;
}): Promise<{ url: string; got: Got[]; server: Server }> {
  const got: Got[] = [];
  const server = createServer((request, response: ServerResponse) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      got.push({ headers: request.headers, body });
      if (answer.status !== null) response.writeHead(answer.status, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=s3cret`, got, server };
}

interface Mail {
  to: string[];
  raw: string;
}

async function mailServer(port = 0): Promise<{ port: number; mails: Mail[]; close(): Promise<void> }> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      let raw = '';
      stream.on('data', (chunk) => {
        raw += chunk;
      });
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw });
        done();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => new Promise<void>((resolve) => server.close(resolve));
  undo.push(close);
  return { port: (server.server.address() as AddressInfo).port, mails, close };
}

const finding = (key: string, facts: Partial<Finding> = {}): Finding => ({
  ...{ type: 'certificate.not_renewed', key, line: `line of ${key}`, facts: { serial: key } },
  ...facts,
});

interface Wishes {
  notify?: string[];
  smtpUrl?: string | null;
  notifyContacts?: boolean;
}

/** The notices of one RA; its clock is moved by hand. */
async function anRa(
  store: RaStore,
  { notify = [], smtpUrl = null, notifyContacts = false }: Wishes,
  clock: () => number,
) {
  const { rootPem: root } = await rootOf();
  const settings = { notify, smtpUrl, notifyContacts, notifySecret: SECRET };
  return noticeParts(settings, { store, ra: 'ra.test', root, clock, log });
}

let known: { rootPem: string } | null = null;
async function rootOf() {
  known ??= { rootPem: toPem('CERTIFICATE', (await signingWorld()).root) };
  return known;
}

const stores: [string, () => Promise<() => Promise<RaStore>>][] = [
  [
    'SQLite',
    async () => {
      const folder = newFolder();
      undo.push(() => rm(folder, { recursive: true }));
      let store: RaStore | null = null;
      return async () => {
        store ??= await openRaStore(join(folder, 'ra.db'));
        return store;
      };
    },
  ],
  [
    'PostgreSQL',
    async () => {
      const database = await createDatabase();
      undo.push(() => database.drop());
      return () => openRaStore(database.url);
    },
  ],
];

describe.each(stores)('notices over %s', (_, make) => {
  let open: () => Promise<RaStore>;
  let store: RaStore;
  let now: number;
  const clock = () => now;
  beforeEach(async () => {
    now = Date.now();
    open = await make();
    store = await open();
    undo.push(() => store.close());
  });

  it('three replicas with the same finding send one mail and one webhook, signed as in Standard Webhooks', async () => {
    const hook = await receiver({ status: 204 });
    const mail = await mailServer();
    const wishes = {
      notify: ['mailto:ops@example.test', hook.url],
      smtpUrl: `smtp://127.0.0.1:${mail.port}?from=upki@example.test`,
    };
    const replicas = [];
    for (let index = 0; index < 3; index += 1) {
      const own = index === 0 ? store : await open();
      if (own !== store) undo.push(() => own.close());
      replicas.push(await anRa(own, wishes, clock));
    }
    const told = await Promise.all(
      replicas.map(({ notices }) => notices.tell([finding('late 1 1'), finding('late 2 1')])),
    );
    expect(told.filter((each) => each)).toHaveLength(1);
    await Promise.all(replicas.map(({ delivery }) => delivery.step()));

    expect(mail.mails).toHaveLength(1);
    expect(mail.mails[0]?.to).toEqual(['ops@example.test']);
    expect(mail.mails[0]?.raw).toMatch(/^Subject: uPKI ra\.test: 2 certificates were not renewed/m);
    expect(mail.mails[0]?.raw).toMatch(/^auto-submitted: auto-generated/im);
    expect(mail.mails[0]?.raw).toContain('- line of late 1 1');

    expect(hook.got).toHaveLength(1);
    const { headers, body } = hook.got[0] ?? { headers: {}, body: '' };
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const signature = createHmac('sha256', Buffer.alloc(32, 7)).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signature}`);
    expect(JSON.parse(body)).toMatchObject({
      type: 'certificate.not_renewed',
      data: { count: 2, ra: 'ra.test' },
    });

    await Promise.all(replicas.map(({ notices }) => notices.tell([finding('late 1 1')])));
    for (const { delivery } of replicas) expect(await delivery.step()).toBe(0);
    expect(hook.got).toHaveLength(1);
  });

  it('a receiver that fails, redirects and recovers gets the same notice', async () => {
    const answer: { status: number | null } = { status: 500 };
    const hook = await receiver(answer);
    const { notices, delivery } = await anRa(store, { notify: [hook.url] }, clock);
    await notices.tell([finding('late 1 1')]);
    for (const status of [500, 302, 429]) {
      answer.status = status;
      expect(await delivery.step()).toBe(1);
      expect(await delivery.step()).toBe(0);
      now += 3 * 3600_000;
    }
    answer.status = 200;
    expect(await delivery.step()).toBe(1);
    now += 24 * 3600_000;
    expect(await delivery.step()).toBe(0);
    expect(hook.got).toHaveLength(4);
    expect(new Set(hook.got.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect((await store.waitingNotices(10)).count).toBe(0);
  });

  it('an unreachable receiver delays no other; its notice waits, also for another process', async () => {
    const hook = await receiver({ status: 200 });
    const mail = await mailServer();
    const port = mail.port;
    await mail.close();
    const wishes = { notify: ['mailto:ops@example.test', hook.url], smtpUrl: `smtp://127.0.0.1:${port}` };
    const first = await anRa(store, wishes, clock);
    await first.notices.tell([finding('late 1 1')]);
    await first.delivery.step();
    expect(hook.got).toHaveLength(1);
    expect((await store.waitingNotices(10)).count).toBe(1);

    const back = await mailServer(port);
    now += 60_000;
    await (await anRa(store, wishes, clock)).delivery.step();
    expect(back.mails).toHaveLength(1);
    expect(hook.got).toHaveLength(1);
  });

  it('what was leased by a process that died is sent by another after the lease', async () => {
    const hook = await receiver({ status: 200 });
    const { notices, delivery } = await anRa(store, { notify: [hook.url] }, clock);
    await notices.tell([finding('late 1 1')]);
    expect(await store.claimNotices(now, now + 60_000, 9)).toHaveLength(1);
    expect(await delivery.step()).toBe(0);
    now += 60_000;
    expect(await delivery.step()).toBe(1);
    expect(hook.got).toHaveLength(1);
  });

  it('late certificates are one notice an hour, other findings are sent at once', async () => {
    const hook = await receiver({ status: 200 });
    const { notices, delivery } = await anRa(store, { notify: [hook.url] }, clock);
    now = Math.ceil(now / 3600_000) * 3600_000;
    await notices.tell([finding('late 1 1')]);
    await notices.tell([finding('late 2 1'), finding('crl', { type: 'crl.late' })]);
    while ((await delivery.step()) > 0);
    expect(hook.got.map(({ body }) => JSON.parse(body).type).sort()).toEqual([
      'certificate.not_renewed',
      'crl.late',
    ]);
    now += 3600_000;
    expect(await notices.tell([finding('late 1 1'), finding('late 2 1'), finding('late 3 1')])).toBe(true);
    while ((await delivery.step()) > 0);
    expect(JSON.parse(hook.got[2]?.body ?? '{}')).toMatchObject({ data: { count: 2 } });
  });

  it('the contacts of an account get notices only about its own certificates, if this is configured', async () => {
    const mail = await mailServer();
    const account = anAccount({ contact: ['mailto:owner@example.test'] });
    const gone = anAccount({ contact: ['mailto:gone@example.test'] });
    await store.createAccount(account);
    await store.createAccount(gone);
    await store.deactivateAccount(gone.id, now);
    const wishes = {
      notify: ['mailto:ops@example.test'],
      smtpUrl: `smtp://127.0.0.1:${mail.port}`,
      notifyContacts: true,
    };
    const { notices, delivery } = await anRa(store, wishes, clock);
    await notices.tell([
      finding('late 1 1', { accountId: account.id }),
      finding('late 2 1', { accountId: gone.id }),
      finding('late 3 1'),
    ]);
    while ((await delivery.step()) > 0);
    expect(mail.mails.map(({ to }) => to[0]).sort()).toEqual(['ops@example.test', 'owner@example.test']);
    const own = mail.mails.find(({ to }) => to[0] === 'owner@example.test');
    expect(own?.raw).toContain('line of late 1 1');
    expect(own?.raw).not.toContain('line of late 2 1');
  });

  it('a target that is no longer configured gets nothing, and no URL is in the database', async () => {
    const hook = await receiver({ status: 200 });
    await (await anRa(store, { notify: [hook.url] }, clock)).notices.tell([finding('late 1 1')]);
    const [notice] = await store.claimNotices(now, now, 9);
    expect(JSON.stringify(notice)).not.toContain('s3cret');
    await (await anRa(store, { notify: [] }, clock)).delivery.step();
    expect(hook.got).toHaveLength(0);
    expect((await store.waitingNotices(10)).count).toBe(0);
  });
});

it('a receiver that hangs is abandoned in time, and its notice stays in the queue', {
  timeout: 40_000,
}, async () => {
  const make = stores[0]?.[1];
  if (!make) throw new Error('there are no stores');
  const store = await (await make())();
  undo.push(() => store.close());
  const answer: { status: number | null } = { status: null };
  const hook = await receiver(answer);
  let now = Date.now();
  const { notices, delivery } = await anRa(store, { notify: [hook.url] }, () => now);
  await notices.tell([finding('late 1 1')]);
  const step = delivery.step();
  await vi.waitUntil(() => hook.got.length > 0);
  await collectGarbage();
  expect(await step).toBe(1);
  expect((await store.waitingNotices(10)).count).toBe(1);
  answer.status = 200;
  now += 60_000;
  expect(await delivery.step()).toBe(1);
  expect((await store.waitingNotices(10)).count).toBe(0);
});
