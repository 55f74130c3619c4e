import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { ConfigError } from '../config/index.js';
import { CannotStart, ExitCode } from '../programs/exit.js';
import { lockDirectory } from '../programs/lock.js';
import { commonDirectory } from '../programs/settings.js';
import { isShared, shownLocation } from '../store/index.js';
import { addExamples, addSettingFlags, DIRECTORY_FLAG, givenFlags } from './options.js';
import { pruneCommand } from './store-prune.js';

/** `upki store …`: what is kept, apart from the programs that keep it. */
export function storeCommand(): Command {
  return new Command('store')
    .description(
      'Check what the RA and the CA keep, remove what was kept long enough, or move it to another database.',
    )
    .addCommand(copyCommand())
    .addCommand(checkCommand())
    .addCommand(pruneCommand());
}

function checkCommand(): Command {
  const command = new Command('check').description(
    'Look at everything the RA and the CA keep: pages, every certificate, the audit logs. Nothing is written, and the programs may ' +
      'run. Ends with 1 when something is wrong, and says what.',
  );
  addSettingFlags(command, [DIRECTORY_FLAG], ['ca', 'ra']);
  command.option('--json', 'print one JSON object');
  addExamples(command, [
    ['upki store check', 'What `upki start` keeps.'],
    ['upki store check -d /srv/ca', 'A CA alone in a directory.'],
  ]);
  return command.action(async ({ json = false }: { json?: boolean }) => {
    const directory = commonDirectory(process.env, givenFlags(command, [DIRECTORY_FLAG]).dataDir);
    const { checkStore } = await import('../backup/check.js');
    const { findInstallation } = await import('../backup/layout.js');
    const { parts } = await findInstallation(directory, process.env);
    if (parts.length === 0) throw new CannotStart(`there is neither a CA nor an RA in ${directory}`);
    const programs: object[] = [];
    for (const layout of parts) {
      const { part, folder, database } = layout;
      const issuers = part === 'ca' ? await readFile(join(folder, 'issuer.crt'), 'utf8') : '';
      const { certificates, records, faults } = await checkStore(layout, issuers);
      const name = `${part.toUpperCase()} (${shownLocation(database)})`;
      programs.push({ program: part, database: shownLocation(database), certificates, records, faults });
      if (faults.length > 0) process.exitCode = ExitCode.failure;
      if (json) continue;
      for (const fault of faults) process.stderr.write(`uPKI: ${name}: ${fault}\n`);
      if (faults.length === 0)
        process.stdout.write(
          `${name}: ${certificates} certificates and ${records} audit records, all as they were written\n`,
        );
    }
    if (json) process.stdout.write(`${JSON.stringify({ programs })}\n`);
  });
}

interface CopyOptions {
  from: string;
  to?: string;
  toFile?: string;
}

function copyCommand(): Command {
  const command = new Command('copy')
    .description(
      'Copy a SQLite database of an RA or a CA into PostgreSQL, whole or not at all, and compare what arrived. ' +
        'The program that uses it must have ended; it goes on with UPKI_DATABASE_URL or UPKI_CA_DATABASE_URL.',
    )
    .requiredOption('--from <sqlite:path>', 'The database to copy; afterwards it says that it has moved.')
    .option('--to <postgres://…>', 'A database no uPKI has used; RA and CA may share one.')
    .option('--to-file <file>', 'Holds that URL, so that its password is not seen in the list of processes.');
  addExamples(command, [
    [
      'upki store copy --from sqlite:/var/lib/upki/acme.db --to-file /run/secrets/database-url',
      "Move an RA's.",
    ],
    ['upki store copy --from sqlite:$HOME/.upki/ca/ca.db --to postgres://upki@db/upki', "Move a CA's."],
  ]);
  return command.action(async () => {
    const { from, to } = await locations(command.opts<CopyOptions>());
    const unlock = lockDirectory(dirname(from));
    try {
      // Only who uses PostgreSQL pays for loading its driver.
      const { copyStore } = await import('../store/copy/index.js');
      const { kind, tables } = await copyStore(from, to, progressTo(process.stderr));
      const copied = tables.map(({ name, rows }) => `  ${name}: ${rows}\n`).join('');
      const variable = kind === 'ra' ? 'UPKI_DATABASE_URL' : 'UPKI_CA_DATABASE_URL';
      process.stdout.write(
        `Copied, read back and found the same:\n${copied}Start the ${kind.toUpperCase()} with ${variable} from now on.\n`,
      );
    } finally {
      unlock();
    }
  });
}

/** @throws ConfigError */
async function locations({ from, to, toFile }: CopyOptions): Promise<{ from: string; to: string }> {
  const complaints: string[] = [];
  const path = from.replace(/^sqlite:/, '');
  if (path === '' || /^[a-z]+:\/\//.test(path))
    complaints.push(`--from is "${from}": it must be sqlite:PATH`);
  if ((to === undefined) === (toFile === undefined)) complaints.push('give one of --to and --to-file');
  const url = toFile === undefined ? to : await readUrl(toFile);
  if (url !== undefined && !(isShared(url) && URL.canParse(url))) {
    complaints.push(
      `${toFile === undefined ? '--to' : '--to-file'} must be postgres://USER:PASSWORD@HOST:PORT/DATABASE`,
    );
  }
  if (complaints.length > 0 || url === undefined) throw new ConfigError(complaints);
  return { from: path, to: url };
}

async function readUrl(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new CannotStart(`--to-file is "${file}": ${error instanceof Error ? error.message : error}`);
  }
}

/** At most a line for every so many rows of a table, so that a log of it stays readable. */
const ROWS_A_LINE = 20_000;

function progressTo(stream: NodeJS.WriteStream) {
  return ({ table, step, rows, of }: { table: string; step: string; rows: number; of: number }) => {
    if (rows !== of && rows % ROWS_A_LINE !== 0) return;
    stream.write(`uPKI: ${table}: ${step} ${rows} of ${of}\n`);
  };
}
