import type { CaStore } from './ca-store.js';
import type { RaStore } from './ra-store.js';
import { caStoreOver } from './rows/ca/store.js';
import { raStoreOver } from './rows/ra/store.js';
import type { CaOperations } from './sqlite/ca/operations.js';
import { Engine } from './sqlite/engine.js';
import type { RaOperations } from './sqlite/ra/operations.js';

export interface OpenOptions {
  /** Told when SQLite's thread died and is being started again, or when a connection to PostgreSQL was lost. */
  onCrash?(error: Error): void;
}

/** True for the URL of a database that several programs can use at once. */
export function isShared(location: string): boolean {
  return /^postgres(ql)?:/.test(location);
}

/**
 * Opens what the RA keeps, made and migrated as needed: PostgreSQL for `postgres://…`, else SQLite in the file at `sqlite:PATH`
 * or `PATH`. Rejects with StoreTooNew when a newer program wrote it, with StoreUnavailable when it cannot be opened.
 */
export async function openRaStore(location: string, { onCrash }: OpenOptions = {}): Promise<RaStore> {
  const told = onCrash && { onCrash };
  if (!isShared(location)) {
    return raStoreOver(await Engine.open<RaOperations>({ ...told, path: pathOf(location), kind: 'ra' }));
  }
  // Only who uses PostgreSQL pays for loading its driver.
  const { openPostgresRaStore } = await import('./postgres/open.js');
  return openPostgresRaStore({ url: location, ...(onCrash && { onLost: onCrash }) });
}

/** Opens what the CA keeps; as openRaStore. */
export async function openCaStore(location: string, { onCrash }: OpenOptions = {}): Promise<CaStore> {
  const told = onCrash && { onCrash };
  if (!isShared(location)) {
    return caStoreOver(await Engine.open<CaOperations>({ ...told, path: pathOf(location), kind: 'ca' }));
  }
  const { openPostgresCaStore } = await import('./postgres/open.js');
  return openPostgresCaStore({ url: location, ...(onCrash && { onLost: onCrash }) });
}

function pathOf(location: string): string {
  return location.replace(/^sqlite:/, '');
}
