import { realpath } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { makePrivateFolder } from '../lib/files.js';
import { mendable } from '../programs/ca/start.js';
import { CannotStart } from '../programs/exit.js';
import { lockDirectory } from '../programs/lock.js';
import { loadProgramSettings } from '../programs/settings.js';
import { migrateFromPython, NotAPythonRa } from '../python/migrate/from-python.js';
import { NotAPythonCa } from '../python/migrate/python-ca-folder.js';
import { UpkiCommand } from './command.js';
import { say, warn } from './print.js';

/** `upki migrate`: migrates an upki-ca, and optionally an upki-ra, into our own folders. */
export function migrateCommand(): UpkiCommand {
  const command = new UpkiCommand('migrate')
    .description(
      'Migrate the data of the Python programs: keys, certificates, revocations, administrators and profiles of the CA; accounts ' +
        'and orders of the RA. The source is only read. Repeating it adds what is new.',
    )
    .requiredOption('--from-python <ca-dir>', 'data folder of upki-ca (~/.upki/ca, or its UPKI_DATA_DIR)')
    .argument('[ra-dir]', 'data folder of upki-ra, with its acme.db')
    .settings(['ca'])
    .examples([
      ['mv ~/.upki ~/.upki-python', 'Move the old folder away: both programs use the same one by default.'],
      ['upki migrate --from-python ~/.upki-python/ca ~/.upki-python/ra', 'Migrate both into ~/.upki.'],
      ['upki migrate --from-python /srv/python-ca -d /srv/pki', 'Bring a CA alone over, into /srv/pki/ca.'],
    ]);
  return command.action(async (raDir: string | undefined, { fromPython }: { fromPython: string }) => {
    await migrate(
      { ca: resolve(fromPython), ra: raDir === undefined ? null : resolve(raDir) },
      command.directory(),
    );
  });
}

async function migrate(from: { ca: string; ra: string | null }, dataDir: string): Promise<void> {
  const to = { ca: join(dataDir, 'ca'), ra: join(dataDir, 'ra') };
  await refuseOverlap([from.ca, from.ra ?? []].flat(), [to.ca, to.ra]);
  const { settings } = loadProgramSettings('ca', process.env, { dataDir: to.ca });
  const { databaseUrl } = loadProgramSettings('ra', process.env, { dataDir: to.ra }).settings;
  const folders = from.ra === null ? [dataDir, to.ca] : [dataDir, to.ca, to.ra];
  for (const folder of folders) await makePrivateFolder(folder);
  const unlocks = folders.map((folder) => lockDirectory(folder));
  try {
    const report = await mendable(() =>
      migrateFromPython({
        from,
        to: { ...to, caDatabase: settings.caDatabaseUrl, raDatabase: databaseUrl },
        passphrase: settings.caPassphrase,
        company: settings.caCompany,
        progress: (what, done, total) => warn(`${what}: ${done} of ${total}`),
        clock: Date.now,
      }),
    );
    say(`${report}\nThe CA is in ${to.ca}${from.ra === null ? '' : `, the RA in ${to.ra}`}`);
  } catch (error) {
    if (!(error instanceof NotAPythonCa || error instanceof NotAPythonRa)) throw error;
    throw new CannotStart(error.message, { cause: error });
  } finally {
    for (const unlock of unlocks) unlock();
  }
}

/** Refuses to migrate into the source folder: both programs use the same file names, so the source would change. */
async function refuseOverlap(sources: string[], targets: string[]): Promise<void> {
  const real = (path: string) => realpath(path).catch(() => path);
  for (const source of await Promise.all(sources.map(real))) {
    for (const target of await Promise.all(targets.map(real))) {
      if (
        `${source}${sep}`.startsWith(`${target}${sep}`) ||
        `${target}${sep}`.startsWith(`${source}${sep}`)
      ) {
        throw new CannotStart(
          `${source} is also the data directory of uPKI: move it away, or name another directory with -d; the source is never changed`,
        );
      }
    }
  }
}
