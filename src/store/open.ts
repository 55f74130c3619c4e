import type { CaStore } from './contract/ca.js';
import { isShared, pathOf } from './contract/location.js';
import type { OpenOptions } from './contract/open.js';
import type { RaStore } from './contract/ra.js';
import type { CaOperations } from './rows/ca/operations.js';
import { caStoreOver } from './rows/ca/store.js';
import type { RaOperations } from './rows/ra/operations.js';
import { raStoreOver } from './rows/ra/store.js';
import { type AuditReader, openAuditFile } from './sqlite/audit-reader.js';
import { Engine } from './sqlite/engine.js';

/**
 * How long a starting program waits for its database server, in ms: as long as a server takes that starts at
 * the same time.
 */
export const DATABASE_PATIENCE = 60_000;

/**
 * Opens the RA's store, created and migrated as needed: PostgreSQL for `postgres://…`, else SQLite in the
 * file at `sqlite:PATH` or `PATH`. Rejects with StoreTooNew when a newer program wrote it, with
 * StoreUnavailable when it cannot be opened.
 */
export async function openRaStore(location: string, options: OpenOptions = {}): Promise<RaStore> {
  if (!isShared(location)) {
    return raStoreOver(await Engine.open<RaOperations>({ ...options, path: pathOf(location), kind: 'ra' }));
  }
  // Loaded on demand: only users of PostgreSQL pay for its driver.
  const { openPostgresRaStore } = await import('./postgres/open.js');
  return openPostgresRaStore(location, options);
}

/** Opens the CA's store, as openRaStore. */
export async function openCaStore(location: string, options: OpenOptions = {}): Promise<CaStore> {
  if (!isShared(location)) {
    return caStoreOver(await Engine.open<CaOperations>({ ...options, path: pathOf(location), kind: 'ca' }));
  }
  const { openPostgresCaStore } = await import('./postgres/open.js');
  return openPostgresCaStore(location, options);
}

/** The audit log of a program, for reading. Rejects with StoreUnavailable when there is no audit log. */
export async function openAudit(location: string, program: 'ra' | 'ca'): Promise<AuditReader> {
  if (!isShared(location)) return openAuditFile(pathOf(location));
  return program === 'ra' ? openRaStore(location) : openCaStore(location);
}
