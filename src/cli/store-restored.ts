import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LAST_SEEN } from '../lib/last-seen.js';
import { restoredTo } from '../programs/last-seen.js';
import { lockDirectory } from '../programs/lock.js';
import { markRestored, shownLocation } from '../store/index.js';
import { UpkiCommand } from './command.js';
import { iso, say } from './print.js';
import { partsHere, withStore } from './store-parts.js';

/** `upki store restored`: for databases that were not restored by `upki restore`. */
export function restoredCommand(): UpkiCommand {
  const command = new UpkiCommand('restored')
    .description(
      'Confirm that the databases here were restored by other means than `upki restore`, such as pg_dump or a copy of the file. The next ' +
        'start accepts them, publishes a new CRL, and logs the missing period. No program may run on the directory.',
    )
    .settings(['ca', 'ra'])
    .examples([
      [
        'upki store restored -d /srv/pki',
        'After pg_restore, or when the latest changes of a database are lost.',
      ],
    ]);
  return command.action(async () => {
    for (const layout of await partsHere(command)) {
      const { part, folder, database } = layout;
      const unlock = lockDirectory(folder);
      try {
        const of = await withStore(layout, (store) => restoredTo(store, folder));
        await markRestored(database, part, { of: of ?? 0, at: Date.now() });
        await rm(join(folder, LAST_SEEN), { force: true });
        const moment = of === null ? '' : ` of ${iso(of)}`;
        say(`${part.toUpperCase()} (${shownLocation(database)}): accepted as it is${moment}`);
      } finally {
        unlock();
      }
    }
  });
}
