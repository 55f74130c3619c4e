import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openCaStore, openRaStore } from '../../../src/store/open.js';
import { rememberRecent } from '../../../src/store/recent.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { caStoreContract } from '../contract/ca-store.contract.js';
import { raStoreContract } from '../contract/ra-store.contract.js';

/** A store in a folder of its own, closed and removed after the test. */
async function fresh<Store extends { close(): Promise<void> }>(open: (path: string) => Promise<Store>) {
  const folder = newFolder();
  const store = await open(join(folder, 'store.db'));
  return {
    store,
    async discard() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

raStoreContract('SQLite', () => fresh(openRaStore));
raStoreContract('SQLite, recent orders in memory', () =>
  fresh(async (path: string) => rememberRecent(await openRaStore(path))),
);
caStoreContract('SQLite', () => fresh(openCaStore));
