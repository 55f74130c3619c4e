import { dirname } from 'node:path';
import { Option } from 'commander';
import { ConfigError } from '../config/index.js';
import { lockDirectory } from '../programs/lock.js';
import { isShared, pathOf } from '../store/index.js';
import { UpkiCommand } from './command.js';
import { readGiven } from './given-file.js';
import { warn } from './print.js';

interface CopyOptions {
  from?: string;
  fromFile?: string;
  to?: string;
  toFile?: string;
  program?: 'ra' | 'ca';
}

/** `upki store copy`: copies a database from SQLite to PostgreSQL, or back. */
export function copyCommand(): UpkiCommand {
  const command = new UpkiCommand('copy')
    .description(
      'Copy the database of an RA or a CA from SQLite into PostgreSQL, or back, completely or not at all, and compare the result. Stop the ' +
        'programs that use it first, and start them afterwards with, or without, UPKI_DATABASE_URL or UPKI_CA_DATABASE_URL.',
    )
    .option('--from <sqlite:path|postgres://…>', 'Database to copy; it is then marked as moved.')
    .option(
      '--from-file <file>',
      'Holds that URL, so that its password is not seen in the list of processes.',
    )
    .option(
      '--to <postgres://…|sqlite:path>',
      'Database that no uPKI has used; RA and CA may share one. A file must not exist, or must be marked as moved.',
    )
    .option('--to-file <file>', 'Holds that URL, so that its password is not seen in the list of processes.')
    .addOption(
      new Option('--program <program>', 'program whose data is copied from PostgreSQL').choices(['ra', 'ca']),
    )
    .examples([
      [
        'upki store copy --from sqlite:/var/lib/upki/acme.db --to-file /run/secrets/database-url',
        "Move an RA's.",
      ],
      [
        'upki store copy --from sqlite:$HOME/.upki/ca/ca.db --to postgres://upki@db/upki',
        "Move a CA's database.",
      ],
      [
        'upki store copy --from-file /run/secrets/database-url --program ca --to sqlite:$HOME/.upki/ca/ca.db',
        "Move a CA's back.",
      ],
    ]);
  return command.action(async () => {
    const { from, to, program } = await locations(command.opts<CopyOptions>());
    const unlock = lockDirectory(dirname(isShared(from) ? to : from));
    try {
      // Loaded on demand, because only PostgreSQL needs the driver.
      const { copyBack, copyStore } = await import('../store/copy/index.js');
      const { kind, tables } =
        program === null
          ? await copyStore(from, to, showProgress)
          : await copyBack(from, program, to, showProgress);
      const copied = tables.map(({ name, rows }) => `  ${name}: ${rows}\n`).join('');
      const variable = kind === 'ra' ? 'UPKI_DATABASE_URL' : 'UPKI_CA_DATABASE_URL';
      process.stdout.write(
        `Copied and compared:\n${copied}From now on, start the ${kind.toUpperCase()} ${program === null ? 'with' : 'without'} ${variable}.\n`,
      );
    } finally {
      unlock();
    }
  });
}

/** A path and a URL; or, with `program`, a URL and a path. @throws ConfigError */
async function locations(
  options: CopyOptions,
): Promise<{ from: string; to: string; program: 'ra' | 'ca' | null }> {
  const { from, fromFile, to, toFile, program } = options;
  const complaints: string[] = [];
  if ((from === undefined) === (fromFile === undefined))
    complaints.push('give one of --from and --from-file');
  if ((to === undefined) === (toFile === undefined)) complaints.push('give one of --to and --to-file');
  if (complaints.length > 0) throw new ConfigError(complaints, true);
  const source = fromFile === undefined ? (from ?? '') : await readUrl('--from-file', fromFile);
  const target = toFile === undefined ? (to ?? '') : await readUrl('--to-file', toFile);
  const [fromName, toName] = [
    fromFile === undefined ? '--from' : '--from-file',
    toFile === undefined ? '--to' : '--to-file',
  ];
  const isBack = isShared(source) && isFile(target);
  if (isBack) {
    if (!URL.canParse(source)) complaints.push(`${fromName} must be ${A_URL}`);
    if (program === undefined)
      complaints.push('give --program ra or --program ca: one PostgreSQL database can have both');
  } else {
    if (!isFile(source)) {
      complaints.push(
        isShared(target) || isShared(source)
          ? `${fromName} is "${shown(source)}": it must be sqlite:PATH`
          : `${fromName} must be sqlite:PATH, or ${A_URL}`,
      );
    }
    if (!(isShared(target) && URL.canParse(target))) complaints.push(`${toName} must be ${A_URL}`);
  }
  if (complaints.length > 0) throw new ConfigError(complaints, true);
  return { from: pathOf(source), to: pathOf(target), program: isBack ? (program ?? null) : null };
}

const A_URL = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE';

/** `sqlite:PATH` or `PATH`. */
const isFile = (location: string): boolean =>
  pathOf(location) !== '' && !/^[a-z]+:\/\//.test(pathOf(location));

/** Masks a password in a URL. */
const shown = (location: string): string => location.replace(/:[^:@/]*@/, ':***@');

async function readUrl(option: string, file: string): Promise<string> {
  return (await readGiven(option, file)).toString().trim();
}

/** Rows of a table between two progress lines, so that a log stays readable. */
const ROWS_A_LINE = 20_000;

function showProgress({
  table,
  step,
  rows,
  of,
}: Record<'table' | 'step', string> & Record<'rows' | 'of', number>) {
  if (rows === of || rows % ROWS_A_LINE === 0) warn(`${table}: ${step} ${rows} of ${of}`);
}
