import type { CaStore } from '../ca-store.js';
import type { RaStore } from '../ra-store.js';
import { caStoreOver } from '../rows/ca/store.js';
import { raStoreOver } from '../rows/ra/store.js';
import { caOperations } from './ca/operations.js';
import { PostgresCalls } from './calls.js';
import { Database } from './database.js';
import { migrate, SCHEMAS, type StoreKind } from './migrations.js';
import { raOperations } from './ra/operations.js';

interface OpenOptions {
  url: string;
  onLost?(error: Error): void;
}

export async function openPostgresRaStore(options: OpenOptions): Promise<RaStore> {
  return raStoreOver(new PostgresCalls(await database('ra', options), raOperations));
}

export async function openPostgresCaStore(options: OpenOptions): Promise<CaStore> {
  return caStoreOver(new PostgresCalls(await database('ca', options), caOperations));
}

async function database(kind: StoreKind, options: OpenOptions): Promise<Database> {
  await migrate(options.url, kind);
  return new Database({ ...options, schema: SCHEMAS[kind] });
}
