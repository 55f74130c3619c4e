import { dirname } from 'node:path';
import type { figureTasks } from '../../channel/tasks/figures.js';
import type { Handlers } from '../../channel/tasks/index.js';
import { freeSpace } from '../../lib/files.js';
import { lastBackup } from '../../lib/last-backup.js';
import { present } from '../../lib/present.js';
import { DAY } from '../../lib/time.js';
import { version } from '../../lib/version.js';
import type { AuthorityRecord, CrlHead } from '../../store/contract/ca.js';
import { parseCertificate } from '../../x509/certificate.js';
import { formatDn } from '../../x509/name.js';
import { type CaServices, pingStore } from './context.js';

/** Certificates that expire within this time, in ms, count as ending. */
const ENDING = 14 * DAY;

/** Tasks for monitoring the CA. */
export function figureHandlers({ certifier, figures, dataDir }: CaServices): Handlers<typeof figureTasks> {
  const { store, clock } = certifier;
  const startedAt = clock();
  return {
    get_figures: async () => {
      const now = clock();
      const began = performance.now();
      await pingStore(store);
      const database = performance.now() - began;
      const [certificates, ending, notRenewed, heads, authorities] = await Promise.all([
        store.countCertificates(now),
        store.countEnding(now, now + ENDING),
        store.countNotRenewed(now),
        store.auditEnds(),
        store.listAuthorities(),
      ]);
      const signing = authorities.filter(({ kind }) => kind !== 'cross');
      const crls = await Promise.all(
        signing.map(async ({ id, tag }) => ({ id, crl: await store.getCrlHead(tag) })),
      );
      const { fault } = figures.audit;
      const diskFree = await freeSpace(dataDir);
      const backup = await lastBackup([dataDir, dirname(dataDir)]);
      return {
        certificates,
        ending,
        not_renewed: notRenewed,
        authorities: authorities.map(described),
        crls: crls.flatMap(({ id, crl }) => (crl === null ? [] : [crlOf(id, crl)])),
        audit: {
          records: heads.reduce((sum, { sequence }) => sum + sequence, 0),
          ...(fault !== null && { fault: faultText(fault) }),
        },
        database_ms: Math.round(database * 10) / 10,
        ...present({ disk_free: diskFree, backup_at: backup }),
        started_at: startedAt,
        version: version(),
      };
    },
    list_not_renewed: async ({ after, limit }) => {
      const page = await store.listNotRenewed({ after: after ?? null, limit, now: clock() });
      return {
        certificates: page.items.map((item) => ({
          serial: item.serial,
          cn: item.cn,
          profile: item.profile,
          ...(item.accountId !== null && { account_id: item.accountId }),
          not_before: item.notBefore,
          not_after: item.notAfter,
          names: item.identifiers.map(({ value }) => value),
        })),
        next: page.next,
      };
    },
  };
}

function described({ id, kind, certificate, retiredAt }: AuthorityRecord) {
  const { subject, notBefore, notAfter } = parseCertificate(certificate);
  const inUse = retiredAt === null;
  return { id, kind, dn: formatDn(subject), not_before: notBefore, not_after: notAfter, in_use: inUse };
}

function crlOf(issuer: string, { number, thisUpdate, nextUpdate }: CrlHead) {
  return { issuer, number, this_update: thisUpdate, next_update: nextUpdate };
}

function faultText({ position, reason }: { position: { chain: number; sequence: number }; reason: string }) {
  return `record ${position.sequence} of chain ${position.chain}: ${reason}`;
}
