import { findInstallation, type PartLayout } from '../backup/layout.js';
import { CannotStart } from '../programs/exit.js';
import { type CaStore, openCaStore, openRaStore, type RaStore } from '../store/index.js';
import type { UpkiCommand } from './command.js';

/** The CA and the RA in the directory of a command. @throws CannotStart when there is neither */
export async function partsHere(command: UpkiCommand): Promise<PartLayout[]> {
  const directory = command.directory();
  const { parts } = await findInstallation(directory, process.env);
  if (parts.length > 0) return parts;
  throw new CannotStart(`there is neither a CA nor an RA in ${directory}`);
}

/** Opens the database of a program for some work. */
export async function withStore<T>(
  { part, database }: PartLayout,
  work: (store: CaStore | RaStore) => Promise<T>,
): Promise<T> {
  const store = part === 'ca' ? await openCaStore(database) : await openRaStore(database);
  return work(store).finally(() => store.close());
}
