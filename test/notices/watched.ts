import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach } from 'vitest';
import { DAY, HOUR } from '../../src/lib/time.js';
import type { CaFigures, LateCertificate } from '../../src/model/ca-figures.js';
import type { Message } from '../../src/notices/message.js';
import { Notices } from '../../src/notices/notices.js';
import { NoticeWatch, type NoticeWatchOptions } from '../../src/notices/watch.js';
import { openRaStore, type RaStore } from '../../src/store/index.js';
import { newFolder } from '../../tools/kit/folder.js';

export const START = Date.parse('2027-01-10T12:00:00Z');

export const log = pino({ level: 'silent' });

let folder: string;

let store: RaStore;

export const time = { now: START };

beforeEach(async () => {
  folder = newFolder();
  store = await openRaStore(join(folder, 'ra.db'));
  time.now = START;
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

/** A CA on which nothing is to be told. */
export const HEALTHY: CaFigures = {
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

export const LATE: LateCertificate = {
  ...{ serial: '0a', cn: 'a.test', profile: 'server', accountId: null, names: ['a.test'] },
  ...{ notBefore: START - 80 * DAY, notAfter: START + 10 * DAY },
};

export interface World extends Partial<NoticeWatchOptions> {
  figures?: Partial<CaFigures>;
  late?: LateCertificate[];
  administrators?: { dn: string; role: 'admin'; addedAt: number }[];
  caFails?: Error;
}

export function watchOver({ figures, late, administrators, caFails, ...facts }: World, queue = store) {
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
      clock: () => time.now,
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
    clock: () => time.now,
    log,
    ...facts,
  });
  return { watch, direct };
}

/** What is in the queue, with its lines; the queue is empty afterwards. */
export async function told(queue = store): Promise<[type: string, text: string][]> {
  const notices = await queue.claimNotices(time.now, time.now, 99);
  for (const { id } of notices) await queue.removeNotice(id);
  return notices.map(({ body }) => {
    const { type, text } = JSON.parse(body) as Message;
    return [type, text];
  });
}
