import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/lib/time.js';
import { CaLacksTask, CaRefused, CaUnavailable } from '../../src/model/ca.js';
import type { CaFigures, LateCertificate } from '../../src/model/ca-figures.js';
import type { Message } from '../../src/notices/message.js';
import { Notices } from '../../src/notices/notices.js';
import { NoticeWatch, type NoticeWatchOptions } from '../../src/notices/watch.js';
import { openRaStore, type RaStore, StoreRefused, StoreUnavailable } from '../../src/store/index.js';
import { newFolder } from '../../tools/kit/folder.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';

const START = Date.parse('2027-01-10T12:00:00Z');
const log = pino({ level: 'silent' });

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

/** A CA on which nothing is to be told. */
const HEALTHY: CaFigures = {
  certificates: [],
  ending: 0,
  notRenewed: [],
  authorities: [
    {
      ...{ id: 'i1', kind: 'issuer', dn: 'CN=Issuer', inUse: true },
      ...{ notBefore: START - 10 * DAY, notAfter: START + 3000 * DAY },
    },
  ],
  crls: [{ issuer: 'i1', number: 7, thisUpdate: START - HOUR, nextUpdate: START + 7 * DAY }],
  auditRecords: 1,
  auditFault: null,
  databaseMs: 1,
  diskFree: 1e12,
  backupAt: START,
  startedAt: START,
  version: null,
};
const LATE: LateCertificate = {
  ...{ serial: '0a', cn: 'a.test', profile: 'server', accountId: null, names: ['a.test'] },
  ...{ notBefore: START - 80 * DAY, notAfter: START + 10 * DAY },
};

interface World extends Partial<NoticeWatchOptions> {
  figures?: Partial<CaFigures>;
  late?: LateCertificate[];
  administrators?: { dn: string; role: 'admin'; addedAt: number }[];
  caFails?: Error;
}

function watchOver({ figures, late, administrators, caFails, ...facts }: World, queue = store) {
  const direct: { since: number; why: string | null }[] = [];
  const watch = new NoticeWatch({
    ca: {
      figures: async () => {
        if (caFails) throw caFails;
        return { ...HEALTHY, ...figures };
      },
      notRenewed: async () => ({ items: late ?? [], next: null }),
      administrators: async () => administrators ?? [],
    },
    notices: new Notices({
      ...{ queue, targets: ['mailto:ops@example.test'], ra: 'ra.test', log },
      contactsOf: async () => [],
      clock: () => now,
    }),
    delivery: { step: async () => 0 } as unknown as NoticeWatchOptions['delivery'],
    databaseAway: async (since, why) => {
      direct.push({ since, why });
    },
    pingStore: () => queue.ping(),
    forgetTold: (at, limit) => queue.forgetTold(at, limit),
    since: async () => START - DAY,
    auditFault: () => null,
    diskFree: async () => 1e12,
    raCertificate: () => ({ notBefore: START - DAY, notAfter: START + 89 * DAY }),
    isDnsSilent: () => false,
    backupAt: async () => START,
    backupMaxAge: 8 * DAY,
    host: 'host1',
    clock: () => now,
    log,
    ...facts,
  });
  return { watch, direct };
}

/** What is in the queue, with its lines; the queue is empty afterwards. */
async function told(queue = store): Promise<[type: string, text: string][]> {
  const notices = await queue.claimNotices(now, now, 99);
  for (const { id } of notices) await queue.removeNotice(id);
  return notices.map(({ body }) => {
    const { type, text } = JSON.parse(body) as Message;
    return [type, text];
  });
}

it('a healthy uPKI causes no notices', async () => {
  const { watch } = watchOver({});
  await watch.look();
  expect(await told()).toEqual([]);
});

const CASES: [type: string, line: RegExp, world: World][] = [
  ['certificate.not_renewed', /a\.test, profile server: expires 2027-01-20/, { late: [LATE] }],
  [
    'authority.ending',
    /issuer "CN=Issuer" expires 2027-01-20/,
    {
      figures: {
        authorities: HEALTHY.authorities.map((each) => ({
          ...each,
          notBefore: START - 300 * DAY,
          notAfter: START + 10 * DAY,
        })),
      },
    },
  ],
  [
    'ra_certificate.ending',
    /RA on host1 expires 2027-01-11/,
    { raCertificate: () => ({ notBefore: START - 89 * DAY, notAfter: START + DAY }) },
  ],
  [
    'crl.late',
    /CRL 7 of CN=Issuer expired/,
    {
      figures: { crls: [{ issuer: 'i1', number: 7, thisUpdate: START - 8 * DAY, nextUpdate: START - DAY }] },
    },
  ],
  [
    'database.damaged',
    /the CA says: \/x\/ca\.db: the database is damaged/,
    {
      caFails: new CaRefused('/x/ca.db: the database is damaged', 'other'),
    },
  ],
  ['disk.full', /the RA on host1 has 1 MiB of disk space left/, { diskFree: async () => 2 ** 20 }],
  ['disk.full', /the CA has 1 MiB of disk space left/, { figures: { diskFree: 2 ** 20 } }],
  ['backup.old', /last backup was taken 2027-01-01.* of the RA/, { backupAt: async () => START - 9 * DAY }],
  ['backup.old', /last backup was taken .* of the CA/, { figures: { backupAt: START - 9 * DAY } }],
  [
    'backup.old',
    /no backup is known of the RA/,
    {
      backupAt: async () => null,
      since: async () => START - 9 * DAY,
    },
  ],
  ['audit.broken', /the audit log of the RA .*: record 4/, { auditFault: () => 'record 4 of chain 0' }],
  [
    'audit.broken',
    /the audit log of the CA .*: record 5/,
    { figures: { auditFault: 'record 5 of chain 1' } },
  ],
  [
    'administrator.added',
    /CN=eve, role admin, added 2027-01-10/,
    { administrators: [{ dn: 'CN=eve', role: 'admin', addedAt: START - HOUR }] },
  ],
];

it.each(CASES)('%s is announced once: %s', async (type, line, world) => {
  const { watch } = watchOver(world);
  await watch.look();
  expect(await told()).toEqual([[type, expect.stringMatching(line)]]);
  now += HOUR;
  await watch.look();
  expect(await told()).toEqual([]);
});

it('a limit that was hit is announced once a day, with the number of refusals', async () => {
  const { watch } = watchOver({});
  for (let hit = 0; hit < 3; hit += 1) watch.limitHit('orders');
  await watch.look();
  expect(await told()).toEqual([
    ['limit.hit', expect.stringMatching(/the limit of orders refused 3 requests/)],
  ]);
  watch.limitHit('orders');
  await watch.look();
  expect(await told()).toEqual([]);
  now += DAY;
  watch.limitHit('orders');
  await watch.look();
  expect(await told()).toHaveLength(1);
});

it('an old backup is announced again a week later; with 0 never', async () => {
  const { watch } = watchOver({ backupAt: async () => START - 9 * DAY });
  const never = watchOver({ backupAt: async () => null, since: async () => 0, backupMaxAge: null });
  await never.watch.look();
  expect(await told()).toEqual([]);
  const days: number[] = [];
  for (let day = 0; day < 15; day += 1) {
    await watch.look();
    if ((await told()).some(([type, text]) => type === 'backup.old' && text.includes('RA'))) days.push(day);
    now += DAY;
  }
  expect(days.length).toBeGreaterThanOrEqual(2);
  expect(days.length).toBeLessThanOrEqual(3);
});

it('a certificate is announced again at fixed shares of the remaining time, and never after its renewal', async () => {
  const late = [LATE];
  const { watch } = watchOver({ late });
  const days: number[] = [];
  for (let day = 0; day < 12; day += 1) {
    await watch.look();
    if ((await told()).some(([type]) => type === 'certificate.not_renewed')) days.push(day);
    now += DAY;
  }
  // Late since 24.4 days before its end, ten of which are left: a half is over, then three quarters, nine tenths, all.
  expect(days).toEqual([0, 4, 8, 10]);
  late.pop();
  now += DAY;
  await watch.look();
  expect(await told()).toEqual([]);
});

it('a CA that does not answer is announced after five minutes; one without counters is not', async () => {
  const away = watchOver({ caFails: new CaUnavailable('away') });
  await away.watch.look();
  now += 4 * MINUTE;
  await away.watch.look();
  expect(await told()).toEqual([]);
  now += 2 * MINUTE;
  await away.watch.look();
  expect(await told()).toEqual([
    ['ca.away', expect.stringMatching(/no answer from the CA since 2027-01-10 12:00/)],
  ]);
  const python = watchOver({ caFails: new CaLacksTask('figures') });
  await python.watch.look();
  now += HOUR;
  await python.watch.look();
  expect(await told()).toEqual([]);
});

it('a silent DNS is announced after five minutes, and again when it answered in between', async () => {
  let silent = true;
  const { watch } = watchOver({ isDnsSilent: () => silent });
  for (const pause of [0, 6 * MINUTE]) {
    now += pause;
    await watch.look();
  }
  expect((await told()).map(([type]) => type)).toEqual(['dns.silent']);
  silent = false;
  now += HOUR;
  await watch.look();
  silent = true;
  for (const pause of [MINUTE, 6 * MINUTE]) {
    now += pause;
    await watch.look();
  }
  expect((await told()).map(([type]) => type)).toEqual(['dns.silent']);
});

it('an unreachable database is announced directly after two minutes; a damaged one at once, with its reason', async () => {
  const away = watchOver({ pingStore: () => Promise.reject(new StoreUnavailable('away')) });
  await away.watch.look();
  expect(away.direct).toEqual([]);
  now += 2 * MINUTE;
  await away.watch.look();
  expect(away.direct).toEqual([{ since: START, why: null }]);
  const damaged = watchOver({ pingStore: () => Promise.reject(new StoreRefused('/x/acme.db: damaged')) });
  await damaged.watch.look();
  expect(damaged.direct).toEqual([{ since: now, why: '/x/acme.db: damaged' }]);
  expect(await told()).toEqual([]);
});

describe('three replicas on PostgreSQL', () => {
  it('announce each finding once among them', { timeout: 60_000 }, async () => {
    const database = await createDatabase();
    const stores = await Promise.all([1, 2, 3].map(() => openRaStore(database.url)));
    try {
      const world: World = {
        late: [LATE],
        auditFault: () => 'record 4 of chain 0',
        backupAt: async () => null,
        since: async () => 0,
        administrators: [{ dn: 'CN=eve', role: 'admin', addedAt: START }],
      };
      const watches = stores.map((each, index) => watchOver({ ...world, host: `host${index}` }, each).watch);
      for (let round = 0; round < 3; round += 1) {
        await Promise.all(watches.map((watch) => watch.look()));
        now += MINUTE;
      }
      const all = await told(stores[0]);
      expect(all.map(([type]) => type).sort()).toEqual([
        'administrator.added',
        'audit.broken',
        'backup.old',
        'certificate.not_renewed',
      ]);
    } finally {
      await Promise.all(stores.map((each) => each.close()));
      await database.drop();
    }
  });
});
