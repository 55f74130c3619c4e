import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { caPaths } from '../ca/folder/files.js';
import { CannotStart, ExitCode } from '../programs/exit.js';
import { commonDirectory, loadProgramSettings } from '../programs/settings.js';
import {
  type AuditPosition,
  type AuditRecord,
  openAudit,
  shownLocation,
  verifyAudit,
} from '../store/index.js';
import { addExamples, addSettingFlags, DIRECTORY_FLAG, givenFlags } from './options.js';

type Program = 'ca' | 'ra';

/** Where a program of this directory keeps its audit log. */
interface Log {
  program: Program;
  location: string;
}

/** A record whose hash somebody noted. */
interface NotedHead extends AuditPosition {
  program: Program;
  hash: string;
}

/** `upki audit …`: the audit logs of the programs on this machine; nothing is written, and they may run. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('Verify and print the audit logs of the RA and the CA on this machine.')
    .addCommand(verifyCommand())
    .addCommand(listCommand());
}

function verifyCommand(): Command {
  const command = new Command('verify').description(
    'Check that no record was changed, put in or taken out; ends with 1 and names the first that is not as it was.',
  );
  addSettingFlags(command, [DIRECTORY_FLAG], ['ra', 'ca']);
  command.addOption(
    new Option('--head <head...>', 'a head noted before: what was cut off since is then found too').argParser(
      (text: string, earlier: NotedHead[] = []) => [...earlier, parseHead(text)],
    ),
  );
  addExamples(command, [
    ['upki audit verify', 'The logs of `upki start`.'],
    [
      'upki audit verify --head "$(cat /mnt/elsewhere/head)"',
      'Nothing was cut off since that head was noted.',
    ],
  ]);
  return command.action(async ({ head = [] }: { head?: NotedHead[] }) => {
    const logs = logsOf(command);
    for (const { program } of head) {
      if (logs.some((log) => log.program === program)) continue;
      throw new CannotStart(`a head of the ${program.toUpperCase()} was given, but its log is not here`);
    }
    for (const log of logs) {
      if (
        !(await verify(
          log,
          head.filter(({ program }) => program === log.program),
        ))
      ) {
        process.exitCode = ExitCode.failure;
      }
    }
  });
}

async function verify({ program, location }: Log, noted: NotedHead[]): Promise<boolean> {
  const reader = await openAudit(location, program);
  try {
    const { records, heads, fault } = await verifyAudit(reader, noted);
    const name = `${program.toUpperCase()} (${shownLocation(location)})`;
    if (fault !== null) {
      const { chain, sequence } = fault.position;
      process.stderr.write(`uPKI: ${name}: record ${chain}:${sequence}: ${fault.reason}\n`);
      return false;
    }
    process.stdout.write(`${name}: ${records} records, all as they were written\n`);
    for (const { chain, sequence, hash } of heads) {
      process.stdout.write(`head ${program}:${chain}:${sequence}:${hash}\n`);
    }
    return true;
  } finally {
    await reader.close();
  }
}

function listCommand(): Command {
  const command = new Command('list').description('Print the records, one JSON object a line.');
  addSettingFlags(command, [DIRECTORY_FLAG], ['ra', 'ca']);
  command
    .addOption(
      new Option('--since <time>', 'only records from this time on (RFC 3339, or a date)').argParser(
        parseTime,
      ),
    )
    .addOption(new Option('--program <program>', 'of one program alone').choices(['ra', 'ca']));
  addExamples(command, [
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
      // A reader that is slower than the disk is waited for.
      if (!process.stdout.write(lines)) await new Promise((resolve) => process.stdout.once('drain', resolve));
      after = page.at(-1) ?? null;
      if (page.length < PAGE) return;
    }
  } finally {
    await reader.close();
  }
}

/** Empty for a record from before `since`. */
function lineOf(program: Program, { entry, hash, ...position }: AuditRecord, since: number): string {
  const told = parsed(entry);
  if (Date.parse(String(told.at)) < since) return '';
  return `${JSON.stringify({ program, ...position, ...told, hash })}\n`;
}

/** What somebody wrote into the file may be no JSON; it is shown as it is. */
function parsed(entry: string): Record<string, unknown> {
  try {
    return JSON.parse(entry);
  } catch {
    return { entry };
  }
}

/** @throws CannotStart when there is none */
function logsOf(command: Command): Log[] {
  const directory = commonDirectory(process.env, givenFlags(command, [DIRECTORY_FLAG]).dataDir);
  const logs = (['ca', 'ra'] as const).flatMap((program) => {
    const found = [join(directory, program), directory]
      .map((dataDir) => locationOf(program, dataDir))
      .find((location) => location !== null);
    return found ? [{ program, location: found }] : [];
  });
  if (logs.length > 0) return logs;
  throw new CannotStart(`there is neither a CA nor an RA with an audit log in ${directory}`);
}

/** The database of the program whose folder this is; null when it is not. */
function locationOf(program: Program, dataDir: string): string | null {
  const { settings } = loadProgramSettings(program, process.env, { dataDir });
  const [configured, file, sign] =
    program === 'ca'
      ? [settings.caDatabaseUrl, caPaths(dataDir).database, caPaths(dataDir).issuer]
      : [settings.databaseUrl, join(dataDir, 'acme.db'), join(dataDir, 'ra.crt')];
  if (configured === null) return existsSync(file) ? file : null;
  return existsSync(sign) ? configured : null;
}

function parseHead(text: string): NotedHead {
  const [, program, chain, sequence, hash] =
    /^(ca|ra):(\d{1,9}):(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim()) ?? [];
  if (program === undefined || hash === undefined) {
    throw new CannotStart(
      `--head is "${text.slice(0, 100)}": it must be a head as \`upki audit verify\` prints it`,
    );
  }
  return { program: program as Program, chain: Number(chain), sequence: Number(sequence), hash };
}

function parseTime(text: string): number {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new CannotStart(
    `--since is "${text.slice(0, 100)}": it must be a time such as 2026-03-01T12:00:00Z, or a date`,
  );
}
