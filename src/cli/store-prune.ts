import type { PartLayout } from '../backup/layout.js';
import { CaRetention } from '../ca/retention.js';
import { AuditCutter, countOld } from '../programs/audit/cut.js';
import { withAuditTrail } from '../programs/audit/open.js';
import { CommandRefused } from '../programs/exit.js';
import { clockDoubt, trustClock } from '../programs/last-seen.js';
import { loadProgramSettings, type ProgramSettings } from '../programs/settings.js';
import { RaRetention } from '../ra/retention.js';
import { openCaStore, openRaStore, shownLocation } from '../store/index.js';
import { UpkiCommand } from './command.js';
import { print } from './print.js';
import { partsHere, withStore } from './store-parts.js';

/** Rows removed, or to be removed, by kind. */
interface Pruned {
  program: 'ca' | 'ra';
  database: string;
  rows: Record<string, number>;
}

/** `upki store prune`: deletes expired data at once; the programs do so in the background. */
export function pruneCommand(): UpkiCommand {
  const command = new UpkiCommand('prune')
    .description(
      'Delete data that is older than UPKI_KEEP_CERTIFICATES, UPKI_KEEP_AUDIT and UPKI_RA_UNUSED_ACCOUNT_LIFETIME allow. The programs ' +
        'do this themselves in steps every ten minutes; this command shows what would be deleted, or does it at once. The programs may run.',
    )
    .settings(['ca', 'ra'])
    .option('--dry-run', 'count what would go, and remove nothing')
    .option(
      '--clock-is-right',
      'remove although nothing vouches for the clock of this machine: a wrong one removes what is still in use',
    )
    .option('--json', 'print one JSON object')
    .examples([
      ['upki store prune --dry-run', 'Show what would be deleted now.'],
      [
        'UPKI_KEEP_CERTIFICATES=90d upki store prune --dry-run --json',
        'The same with another setting, as JSON.',
      ],
    ]);
  return command.action(async ({ dryRun = false, json = false, clockIsRight = false }: PruneFlags) => {
    const parts = await partsHere(command);
    if (!dryRun) {
      for (const layout of parts) {
        if (clockIsRight) await withStore(layout, (store) => trustClock(store, Date.now()));
        else await requireRightClock(layout);
      }
    }
    const programs: Pruned[] = [];
    for (const layout of parts) {
      const { part, folder, database } = layout;
      const { settings } = loadProgramSettings(part, process.env, { dataDir: folder });
      const pruneRows = part === 'ca' ? pruneCa : pruneRa;
      const rows = {
        ...(await pruneRows(database, settings, dryRun)),
        ...(await pruneAudit(layout, settings, dryRun)),
      };
      programs.push({ program: part, database: shownLocation(database), rows });
    }
    print(json ? `${JSON.stringify({ dryRun, programs })}\n` : asText(programs, dryRun));
  });
}

interface PruneFlags {
  dryRun?: boolean;
  json?: boolean;
  clockIsRight?: boolean;
}

/** @throws CommandRefused unless the running program vouches for the clock, as it does before it removes anything itself */
async function requireRightClock(layout: PartLayout): Promise<void> {
  const doubt = await withStore(layout, (store) => clockDoubt(store, Date.now()));
  if (doubt === null) return;
  throw new CommandRefused(
    `nothing was removed from ${shownLocation(layout.database)}: ${doubt}. A clock that is ahead would remove records of certificates that are still ` +
      'in use. If the time is right, say so with --clock-is-right; --dry-run only counts',
  );
}

function asText(programs: readonly Pruned[], dryRun: boolean): string {
  const lines = programs.flatMap(({ program, database, rows }) => [
    `${program.toUpperCase()} (${database}):`,
    ...Object.entries(rows).map(([what, count]) => `  ${what}: ${count} ${dryRun ? 'would go' : 'removed'}`),
  ]);
  return `${lines.join('\n')}\n`;
}

async function pruneCa(database: string, { keepCertificates }: ProgramSettings, dryRun: boolean) {
  const store = await openCaStore(database);
  try {
    return await prune(new CaRetention(store, keepCertificates || null), dryRun);
  } finally {
    await store.close();
  }
}

async function pruneRa(
  database: string,
  { keepCertificates, unusedAccountLifetime }: ProgramSettings,
  dryRun: boolean,
) {
  const store = await openRaStore(database);
  try {
    const keep = {
      certificates: keepCertificates || null,
      unusedAccounts: unusedAccountLifetime || null,
      audit: null,
    };
    const accounts = {
      purge: async (before: number, limit: number) => (await store.purgeAccounts(before, limit)).length,
    };
    return await prune(new RaRetention({ store, keep, accounts }), dryRun);
  } finally {
    await store.close();
  }
}

/** Counts the rows and, unless this is a dry run, deletes them in steps. Another process may delete some of them meanwhile. */
async function prune<Counts extends Record<keyof Counts, number>>(
  retention: { count(now: number): Promise<Counts>; step(now: number): Promise<boolean> },
  dryRun: boolean,
): Promise<Record<string, number>> {
  const before = await retention.count(Date.now());
  if (dryRun) return { ...before };
  while (await retention.step(Date.now()));
  const after = await retention.count(Date.now());
  const kinds = Object.keys(before) as (keyof Counts & string)[];
  return Object.fromEntries(kinds.map((kind) => [kind, Math.max(0, before[kind] - after[kind])]));
}

/** Shortening the log needs the program's key, which signs the new head. */
async function pruneAudit(
  { part, folder, database }: PartLayout,
  { keepAudit }: ProgramSettings,
  dryRun: boolean,
): Promise<Record<string, number>> {
  if (keepAudit === 0) return {};
  const log = { program: part, folder, location: database };
  return withAuditTrail(log, async ({ trail, program, signer, clock }) => {
    const before = clock() - keepAudit;
    const records = await countOld(trail, before);
    if (dryRun || records === 0) return { 'audit records': records };
    const cutter = new AuditCutter({ trail, program, signer: () => signer, clock });
    while (await cutter.step(before));
    return { 'audit records': records - (await countOld(trail, before)) };
  });
}
