import { Option } from 'commander';
import type { Program } from '../config/index.js';
import { type AuditPosition, type AuditRecord, openAudit } from '../store/index.js';
import { archiveCommand } from './audit-archive.js';
import { type Log, logsOf, timeOption } from './audit-logs.js';
import { verifyCommand } from './audit-verify.js';
import { UpkiCommand } from './command.js';
import { printSlowly } from './print.js';

/** `upki audit …`: works on the audit logs of this machine's programs, which may run. */
export function auditCommand(): UpkiCommand {
  return new UpkiCommand('audit')
    .description('Verify, print and archive the audit logs of the RA and the CA on this machine.')
    .addCommand(verifyCommand())
    .addCommand(listCommand())
    .addCommand(archiveCommand())
    .examples([
      ['upki audit verify', 'Check that nothing was changed, added or removed.'],
      ['upki audit list --since 2026-03-01', 'Everything since the first of March.'],
    ]);
}

function listCommand(): UpkiCommand {
  const command = new UpkiCommand('list')
    .description('Print the records, one JSON object on each line.')
    .settings(['ra', 'ca'])
    .addOption(timeOption('--since', 'only records since this time (RFC 3339, or a date)'))
    .addOption(new Option('--program <program>', 'only records of this program').choices(['ra', 'ca']))
    .examples([
      ['upki audit list --since 2026-03-01', 'Everything since the first of March.'],
      ['upki audit list | jq \'select(.action == "certificate.revoke")\'', 'Every revocation.'],
    ]);
  return command.action(async ({ since = 0, program }: { since?: number; program?: Program }) => {
    for (const log of logsOf(command)) {
      if (program === undefined || program === log.program) await list(log, since);
    }
  });
}

const PAGE = 1_000;

async function list({ program, location }: Log, since: number): Promise<void> {
  const reader = await openAudit(location, program);
  try {
    for (let after: AuditPosition | null = null; ; ) {
      const page: AuditRecord[] = await reader.readAudit({ after, limit: PAGE });
      const lines = page.map((record) => lineOf(program, record, since)).join('');
      if (!(await printSlowly(lines))) return;
      after = page.at(-1) ?? null;
      if (page.length < PAGE) return;
    }
  } finally {
    await reader.close();
  }
}

/** A record as a line; empty for a record before `since`. */
function lineOf(program: Program, { entry, hash, ...position }: AuditRecord, since: number): string {
  const told = parsed(entry);
  if (Date.parse(String(told.at)) < since) return '';
  return `${JSON.stringify({ program, ...position, ...told, hash })}\n`;
}

/** A tampered entry may not be JSON; it is then printed as text. */
function parsed(entry: string): Record<string, unknown> {
  try {
    return JSON.parse(entry);
  } catch {
    return { entry };
  }
}
