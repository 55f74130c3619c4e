import type { CaStore } from './ca-store.js';
import type { RaStore } from './ra-store.js';
import { caStoreOver } from './rows/ca/store.js';
import { raStoreOver } from './rows/ra/store.js';
import type { CaOperations } from './sqlite/ca/operations.js';
import { Engine } from './sqlite/engine.js';
import type { RaOperations } from './sqlite/ra/operations.js';

export interface OpenOptions {
  /** Told when the database thread died and is being started again. */
  onCrash?(error: Error): void;
}

/**
 * Opens the RA's database file, made and migrated as needed. Rejects with StoreTooNew when a newer program wrote
 * it, with StoreUnavailable when it cannot be opened.
 */
export async function openRaStore(path: string, options: OpenOptions = {}): Promise<RaStore> {
  return raStoreOver(await Engine.open<RaOperations>({ ...options, path, kind: 'ra' }));
}

/** Opens the CA's database file; as openRaStore. */
export async function openCaStore(path: string, options: OpenOptions = {}): Promise<CaStore> {
  return caStoreOver(await Engine.open<CaOperations>({ ...options, path, kind: 'ca' }));
}
