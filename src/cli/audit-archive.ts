import { rm } from 'node:fs/promises';
import { FileExists, writeNewFile } from '../lib/new-file.js';
import { type ArchiveOptions, readArchive, writeArchive } from '../programs/audit/archive.js';
import { AuditCutter } from '../programs/audit/cut.js';
import { withAuditTrail } from '../programs/audit/open.js';
import { CannotStart } from '../programs/exit.js';
import type { AuditCut } from '../store/contract/audit.js';
import { shownLocation, verifyAudit } from '../store/index.js';
import { type Log, logsOf, timeOption } from './audit-logs.js';
import { UpkiCommand } from './command.js';
import { operator } from './on-ca-machine.js';
import { iso, say } from './print.js';

/** `upki audit archive`: works on this machine's programs, which may run. */
export function archiveCommand(): UpkiCommand {
  const command = new UpkiCommand('archive')
    .argument('<file>', 'file to write; it must not exist')
    .description(
      'Move the oldest records of the audit logs to a file. Each log then begins at a head that its program signed, and ' +
        '`upki audit verify --archive FILE` verifies the file together with the log.',
    )
    .settings(['ra', 'ca'])
    .addOption(
      timeOption(
        '--before',
        'move records from before this time (RFC 3339, or a date)',
      ).makeOptionMandatory(),
    )
    .examples([
      ['upki audit archive --before 2026-01-01 /mnt/archive/2025.audit', 'Everything before this year.'],
    ]);
  return command.action(async (file: string, { before }: { before: number }) => {
    const logs = logsOf(command);
    const cuts: { log: Log; to: AuditCut[] }[] = [];
    try {
      await writeNewFile(file, async (handle) => {
        for (const log of logs) {
          const to = await withAuditTrail(log, (options) => writeWhole(log, handle, { ...options, before }));
          cuts.push({ log, to });
        }
      });
    } catch (error) {
      if (!(error instanceof FileExists)) throw error;
      throw new CannotStart(`${file} already exists: an archive never overwrites another`);
    }
    if (cuts.every(({ to }) => to.length === 0)) {
      await rm(file, { force: true });
      return say(`There is no record from before ${iso(before)} to archive.`);
    }
    // Read the records back from the archive on disk before they are deleted.
    const written = await readArchive(file);
    for (const [index, { log, to }] of cuts.entries()) {
      const gone = await withAuditTrail(log, async (options) => {
        const cutter = new AuditCutter({ ...options, signer: () => options.signer });
        await cutter.cut(to, operator());
        return cutter.trim();
      });
      const name = log.program.toUpperCase();
      say(`${file}: ${written[index]?.records} records of the ${name}; ${gone} removed from its log`);
    }
  });
}

async function writeWhole(
  { program, location }: Log,
  handle: Parameters<typeof writeArchive>[0],
  options: ArchiveOptions,
): Promise<AuditCut[]> {
  const { fault } = await verifyAudit(options.trail);
  if (fault === null) return writeArchive(handle, options);
  const { chain, sequence } = fault.position;
  throw new CannotStart(
    `the audit log of the ${program.toUpperCase()} (${shownLocation(location)}) is broken at record ${chain}:${sequence}: ${fault.reason}. ` +
      'It was not archived: keep it unchanged as evidence',
  );
}
