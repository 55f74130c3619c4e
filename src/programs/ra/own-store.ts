import { isShared, openRaStore, pathOf, rememberRecent, shownLocation } from '../../store/index.js';
import { type DatabasePlace, openAtStart } from '../database.js';
import type { RaFiles } from './files.js';
import { bindDatabase, requireDatabaseFile } from './identity.js';
import type { Monitoring } from './monitoring.js';

interface OwnStoreOptions {
  place: DatabasePlace;
  files: RaFiles;
  /** PEM of the CA's root. */
  root: string;
  monitoring: Pick<Monitoring, 'store'>;
  onClose(undo: () => unknown): void;
}

/**
 * Opens the database of the RA in this folder, and binds it to the RA.
 * @throws CannotStart when the database is missing, cannot be reached, or is of another RA
 */
export async function openOwnStore({ place, files, root, monitoring, onClose }: OwnStoreOptions) {
  const { location } = place;
  const known = await files.marker();
  if (!isShared(location)) await requireDatabaseFile(pathOf(location), known, files.directory);
  const opened = await openAtStart(openRaStore, place);
  const database = monitoring.store(opened);
  // Rows of a shared database are not cached, because other replicas change them. A file belongs to this process alone.
  const store = database.shared === null ? rememberRecent(database) : database;
  onClose(() => store.close());
  const where = { location: shownLocation(location), directory: files.directory };
  await bindDatabase(store, root, known, where);
  await files.noteBound(root);
  return store;
}
