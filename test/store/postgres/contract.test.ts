import { afterAll, beforeAll } from 'vitest';
import { openCaStore, openRaStore } from '../../../src/store/open.js';
import { createDatabase, withClient } from '../../support/postgres/database.js';
import { caStoreContract } from '../contract/ca-store.contract.js';
import { raStoreContract } from '../contract/ra-store.contract.js';

let database: Awaited<ReturnType<typeof createDatabase>>;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

/** A store in a schema made for the test. */
async function fresh<Store extends { close(): Promise<void> }>(
  open: (url: string) => Promise<Store>,
  schema: string,
) {
  const store = await open(database.url);
  return {
    store,
    async discard() {
      await store.close();
      await withClient(database.url, (client) => client.query(`DROP SCHEMA ${schema} CASCADE`));
    },
  };
}

raStoreContract('PostgreSQL', () => fresh(openRaStore, 'upki_ra'));
caStoreContract('PostgreSQL', () => fresh(openCaStore, 'upki_ca'));
