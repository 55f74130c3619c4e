import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { findInstallation } from '../backup/layout.js';
import { LAST_SEEN } from '../lib/last-seen.js';
import { CannotStart } from '../programs/exit.js';
import { restoredTo } from '../programs/last-seen.js';
import { lockDirectory } from '../programs/lock.js';
import { commonDirectory } from '../programs/settings.js';
import { markRestored, openCaStore, openRaStore, shownLocation } from '../store/index.js';
import { addExamples } from './help.js';
import { addSettingFlags, DIRECTORY_FLAG, givenFlags } from './options.js';

/** `upki store restored`: for databases that were not restored by `upki restore`. */
export function restoredCommand(): Command {
  const command = new Command('restored').description(
    'Confirm that the databases here were restored by other means than `upki restore`, such as pg_dump or a copy of the file. The next ' +
      'start accepts them, publishes a new CRL, and logs the missing period. No program may run on the directory.',
  );
  addSettingFlags(command, [DIRECTORY_FLAG], ['ca', 'ra']);
  addExamples(command, [
    [
      'upki store restored -d /srv/pki',
      'After pg_restore, or when the latest changes of a database are lost.',
    ],
  ]);
  return command.action(async () => {
    const directory = commonDirectory(process.env, givenFlags(command, [DIRECTORY_FLAG]).dataDir);
    const { parts } = await findInstallation(directory, process.env);
    if (parts.length === 0) throw new CannotStart(`there is neither a CA nor an RA in ${directory}`);
    for (const { part, folder, database } of parts) {
      const unlock = lockDirectory(folder);
      try {
        const store = part === 'ca' ? await openCaStore(database) : await openRaStore(database);
        const of = await restoredTo(store, folder).finally(() => store.close());
        await markRestored(database, part, { of: of ?? 0, at: Date.now() });
        await rm(join(folder, LAST_SEEN), { force: true });
        const moment = of === null ? '' : ` of ${new Date(of).toISOString()}`;
        process.stdout.write(
          `${part.toUpperCase()} (${shownLocation(database)}): accepted as it is${moment}\n`,
        );
      } finally {
        unlock();
      }
    }
  });
}
