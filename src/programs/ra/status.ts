import { X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { freeSpace } from '../../lib/files.js';
import { lastBackup } from '../../lib/last-backup.js';
import { DAY, MINUTE } from '../../lib/time.js';
import { version } from '../../lib/version.js';
import type { CertificateAuthority, KnownAuthority } from '../../model/ca.js';
import type { CaFigures } from '../../model/ca-figures.js';
import { brokenAudit, endingRaCertificate, fullDisk, lateCrls } from '../../notices/findings.js';
import type { RunningRegistrationAuthority } from '../../ra/registration-authority.js';
import { failedChecks, type Health } from '../../rest/health.js';
import type { status } from '../../rest/routes/private/status.js';
import type { RaStore } from '../../store/index.js';
import type { RunningValidator } from '../../va/validator.js';
import { parseCertificate } from '../../x509/certificate.js';
import { formatDn } from '../../x509/name.js';
import { firstFromPem } from '../../x509/pem.js';
import type { RaTls } from './tls.js';

type Status = z.output<typeof status>;

interface StatusSources {
  store: Pick<RaStore, 'ping' | 'waitingNotices' | 'shared'>;
  /** The location of the database, as shown to people. */
  location: string;
  ca: Pick<CertificateAuthority, 'figures'>;
  /** The CA's last report. */
  authorities(): readonly KnownAuthority[];
  ra: Pick<RunningRegistrationAuthority, 'queues'>;
  validator: Pick<RunningValidator, 'isDnsSilent'>;
  tls: Pick<RaTls, 'material'>;
  health: Health;
  name: string;
  dataDir: string;
  /** Age in ms from which the last backup causes a warning; 0: never. A missing backup causes none, because other tools may make it. */
  backupMaxAge: number;
  /** Whether UPKI_NOTIFY has targets. */
  notifies: boolean;
  serving: boolean;
  clock(): number;
}

/** Limit of the count of waiting notices. */
const MOST_COUNTED = 10_000;

/** How long a notice may wait, in ms. It is tried five times within 13 minutes. */
const NOTICE_PATIENCE = 15 * MINUTE;

/** What to say of the notices that wait. It is said here, because the notices are what does not work. */
export function stuckNotices(
  { count, oldest }: { count: number; oldest: number | null },
  now: number,
): string[] {
  if (oldest === null || now - oldest < NOTICE_PATIENCE) return [];
  const since = new Date(oldest).toISOString();
  return [
    `notices are not accepted: ${count} wait, the first since ${since}; \`upki notify test\` tries every target`,
  ];
}

/** Reads the state of the RA and the CA for `upki status`. The CA caches its figures. Never rejects. */
export function statusReader(sources: StatusSources): () => Promise<Status> {
  const startedAt = sources.clock();
  return async () => {
    const now = sources.clock();
    const { store, ca, tls, location, dataDir, backupMaxAge, health } = sources;
    const certificate = new X509Certificate(tls.material().cert);
    const [figures, written, notices, diskFree, backup, troubles] = await Promise.all([
      ca.figures().catch(() => null),
      took(() => store.ping()),
      store.waitingNotices(MOST_COUNTED).catch(() => null),
      freeSpace(dataDir),
      lastBackup([dataDir, dirname(dataDir)]),
      failedChecks(health.checks),
    ]);
    const life = { notBefore: Date.parse(certificate.validFrom), notAfter: Date.parse(certificate.validTo) };
    const warnings = [
      ...health.warnings(),
      ...(figures === null ? [] : ofCa(figures, now)),
      ...lines(fullDisk('ra', hostname(), diskFree, now)),
      ...lines(endingRaCertificate(hostname(), life, now)),
      ...(notices !== null && sources.notifies ? stuckNotices(notices, now) : []),
      ...(sources.validator.isDnsSilent ? ['no DNS server answers: names cannot be validated'] : []),
      ...(backup !== null && backupMaxAge > 0 && now - backup > backupMaxAge
        ? [`the last backup is ${Math.floor((now - backup) / DAY)} days old`]
        : []),
    ];
    return {
      status: troubles.length > 0 ? 'failing' : warnings.length > 0 ? 'warning' : 'well',
      at: now,
      ra: {
        version: version(),
        name: sources.name,
        host: hostname(),
        serving: sources.serving,
        started: startedAt,
        node: process.version,
        memory: process.memoryUsage.rss(),
        ...(diskFree !== null && { disk_free: diskFree }),
        certificate_ends: life.notAfter,
      },
      ...(figures !== null && { ca: programOf(figures), certificates: countsOf(figures) }),
      database: {
        kind: store.shared === null ? 'sqlite' : 'postgresql',
        location,
        ...(written !== null && { write_ms: written }),
      },
      authorities: sources
        .authorities()
        .filter(({ state }) => state !== 'ended')
        .map(authorityOf),
      crls: (figures?.crls ?? []).map(({ issuer, number, nextUpdate }) => ({
        issuer,
        number,
        next_update: nextUpdate,
      })),
      queues: sources.ra.queues(),
      ...(notices !== null && { notices_waiting: notices.count }),
      ...(backup !== null && { last_backup: backup }),
      troubles,
      warnings,
    };
  };
}

function authorityOf({ id, kind, state, certificate }: KnownAuthority): Status['authorities'][number] {
  const { subject, notAfter } = parseCertificate(firstFromPem('CERTIFICATE', certificate));
  return { id, kind, state, dn: formatDn(subject), not_after: notAfter };
}

const lines = (findings: readonly { line: string }[]): string[] => findings.map(({ line }) => line);

function ofCa(figures: CaFigures, now: number): string[] {
  const late = lateOf(figures);
  return [
    ...lines(lateCrls(figures, now)),
    ...lines(brokenAudit('ca', figures.auditFault)),
    ...lines(fullDisk('ca', '', figures.diskFree, now)),
    ...(late > 0
      ? [`${late} certificates were not renewed in time: upki cert list --expires-in 90d --not-renewed`]
      : []),
  ];
}

const lateOf = ({ notRenewed }: CaFigures) => notRenewed.reduce((sum, { count }) => sum + count, 0);

function programOf({ version: number, startedAt, databaseMs, diskFree }: CaFigures): Status['ca'] {
  return {
    ...(number !== null && { version: number }),
    started: startedAt,
    database_ms: databaseMs,
    ...(diskFree !== null && { disk_free: diskFree }),
  };
}

function countsOf(figures: CaFigures): Status['certificates'] {
  const count = (wanted: string) =>
    figures.certificates
      .filter(({ state }) => state === wanted)
      .reduce((sum, { count: each }) => sum + each, 0);
  return {
    good: count('good'),
    ...(figures.ending !== null && { ending: figures.ending }),
    late: lateOf(figures),
    revoked: count('revoked'),
    expired: count('expired'),
  };
}

/** Duration of some work in ms; null when it failed. */
async function took(work: () => Promise<unknown>): Promise<number | null> {
  const began = performance.now();
  try {
    await work();
    return Math.round((performance.now() - began) * 10) / 10;
  } catch {
    return null;
  }
}
