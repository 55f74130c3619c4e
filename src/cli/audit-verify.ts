import { Option } from 'commander';
import type { Program } from '../config/index.js';
import { type Archived, ArchiveError, joinFault, readArchive } from '../programs/audit/archive.js';
import { knownRoots } from '../programs/audit/roots.js';
import { cutFault } from '../programs/audit/signature.js';
import { CannotStart, ExitCode, WrongUsage } from '../programs/exit.js';
import type { AuditCut } from '../store/contract/audit.js';
import { openAudit, shownLocation, verifyAudit } from '../store/index.js';
import type { AuditHead } from '../store/rows/audit-chain.js';
import { type Log, logsOf } from './audit-logs.js';
import { UpkiCommand } from './command.js';
import { iso, say, warn } from './print.js';

/** A record with a noted hash. */
interface NotedHead extends AuditHead {
  program: Program;
}

interface VerifyOptions {
  head?: NotedHead[];
  archive?: string[];
  archiveOnly?: boolean;
  json?: boolean;
}

/** The result of the verification, as `--json` prints it. */
interface Report {
  archives: { file: string; program: Program; records: number }[];
  logs: {
    program: Program;
    database: string;
    records: number;
    cuts: { after: string; at: string }[];
    heads: string[];
  }[];
  faults: string[];
}

/** `upki audit verify`: reads only; the programs may run. */
export function verifyCommand(): UpkiCommand {
  const command = new UpkiCommand('verify')
    .description(
      'Check that no record was changed, added or removed; exits with 1 and names the first bad record.',
    )
    .settings(['ra', 'ca'])
    .addOption(
      new Option(
        '--head <head...>',
        'a head noted earlier, to detect records that were cut off since',
      ).argParser((text: string, earlier: NotedHead[] = []) => [...earlier, parseHead(text)]),
    )
    .option(
      '--archive <file...>',
      'files of `upki audit archive`, oldest first, to verify together with the log',
    )
    .option('--archive-only', 'verify only the archives, without the log')
    .option('--json', 'print JSON: what was verified, the heads, and the faults')
    .examples([
      ['upki audit verify', 'Verify the logs of `upki start`.'],
      [
        'upki audit verify --head "$(cat /mnt/elsewhere/head)"',
        'Verify that nothing was cut off since that head was noted.',
      ],
      [
        'upki audit verify --archive 2026.audit 2027.audit',
        'Verify that nothing is missing from the first record of 2026 to the last one of the log.',
      ],
    ]);
  return command.action(async ({ head = [], archive = [], archiveOnly = false, json }: VerifyOptions) => {
    const report: Report = { archives: [], logs: [], faults: [] };
    const fail = (sentence: string) => {
      report.faults.push(sentence);
      if (!json) warn(sentence);
      process.exitCode = ExitCode.failure;
    };
    const print = (line: string) => void (json || say(line));
    if (archiveOnly && archive.length === 0) throw new WrongUsage('--archive-only needs --archive');
    const logs = archiveOnly ? [] : logsOf(command);
    for (const { program } of head) {
      if (archiveOnly || logs.some((log) => log.program === program)) continue;
      throw new CannotStart(`a head of the ${program.toUpperCase()} was given, but its log is not here`);
    }
    const archived = await verifyArchives(archive, head, fail, (file, { program, records }) => {
      report.archives.push({ file, program, records });
      print(`${file}: ${records} records of the ${program.toUpperCase()}, all intact`);
    });
    for (const log of logs) {
      const noted = head.filter(({ program }) => program === log.program);
      const intact = await verify(log, noted, archived?.get(log.program) ?? null, fail);
      if (intact === null) continue;
      report.logs.push(intact);
      print(asText(intact));
    }
    if (json) say(JSON.stringify(report));
  });
}

/** The heads of the archives by program; null without archives, or when they are damaged. */
async function verifyArchives(
  files: readonly string[],
  noted: readonly NotedHead[],
  fail: (sentence: string) => void,
  intact: (file: string, log: Archived) => void,
): Promise<Map<Program, AuditCut[]> | null> {
  const ends = new Map<Program, AuditCut[]>();
  for (const file of files) {
    let logs: Archived[];
    try {
      logs = await readArchive(file, noted);
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      fail(error.message);
      return null;
    }
    for (const log of logs) {
      const { program, from, to } = log;
      const before = ends.get(program) ?? [];
      const gap = joinFault(before, from);
      if (gap !== null) fail(`${file}: ${program.toUpperCase()}: ${gap}`);
      const went = before.filter(({ chain }) => !to.some((cut) => cut.chain === chain));
      ends.set(program, [...went, ...to]);
      intact(file, log);
    }
  }
  return files.length === 0 ? null : ends;
}

/** The report on a log; null when its chain is broken. */
async function verify(
  { program, location, folder }: Log,
  noted: NotedHead[],
  archived: readonly AuditCut[] | null,
  fail: (sentence: string) => void,
): Promise<Report['logs'][number] | null> {
  const database = shownLocation(location);
  const name = nameOf(program, database);
  const reader = await openAudit(location, program);
  try {
    const cuts = await reader.auditCuts();
    const roots = await knownRoots(program, folder);
    for (const cut of cuts) {
      const fault = cutFault(program, cut, roots);
      if (fault !== null) fail(`${name}: record ${cut.chain}:${cut.sequence}: ${fault}`);
    }
    const gap = archived && joinFault(archived, cuts);
    if (gap) fail(`${name}: the archives and the log do not join: ${gap}`);
    for (const { chain, sequence } of noted) {
      const cut = cuts.find((each) => each.chain === chain);
      if (archived === null && cut !== undefined && sequence < cut.sequence) {
        fail(`${name}: the head ${program}:${chain}:${sequence} was archived: give the file with --archive`);
      }
    }
    const { records, heads, fault } = await verifyAudit(reader, noted);
    if (fault !== null) {
      const { chain, sequence } = fault.position;
      fail(`${name}: record ${chain}:${sequence}: ${fault.reason}`);
      return null;
    }
    return {
      ...{ program, database, records },
      cuts: cuts.map(({ chain, sequence, at }) => ({
        after: `${program}:${chain}:${sequence}`,
        at: iso(at),
      })),
      heads: heads.map(({ chain, sequence, hash }) => `${program}:${chain}:${sequence}:${hash}`),
    };
  } finally {
    await reader.close();
  }
}

const nameOf = (program: Program, database: string) => `${program.toUpperCase()} (${database})`;

function asText({ program, database, records, cuts, heads }: Report['logs'][number]): string {
  return [
    `${nameOf(program, database)}: ${records} records, all intact`,
    ...cuts.map(({ after, at }) => `begins after ${after}, cut ${at}`),
    ...heads.map((head) => `head ${head}`),
  ].join('\n');
}

function parseHead(text: string): NotedHead {
  const [, program, chain, sequence, hash] =
    /^(ca|ra):(\d{1,9}):(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim()) ?? [];
  if (program === undefined || hash === undefined) {
    throw new WrongUsage(
      `--head is "${text.slice(0, 100)}": it must be a head as \`upki audit verify\` prints it`,
    );
  }
  return { program: program as Program, chain: Number(chain), sequence: Number(sequence), hash };
}
