import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openRaStore, type RaStore, rememberRecent } from '../../../src/store/index.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';

export interface TestStore {
  store: RaStore;
  remove(): Promise<void>;
}

/**
 * A new, real database: SQLite in a folder, with recent orders in memory like the RA program, or PostgreSQL if UPKI_TEST_STORE
 * is `postgres`.
 */
export async function openTestStore(): Promise<TestStore> {
  if (process.env.UPKI_TEST_STORE === 'postgres') {
    const database = await createDatabase();
    return { store: await openRaStore(database.url), remove: database.drop };
  }
  const directory = newFolder();
  return {
    store: rememberRecent(await openRaStore(join(directory, 'acme.db'))),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
