import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCaStore, openRaStore } from '../../../src/store/open.js';
import { withClient } from '../../../tools/kit/postgres/client.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';
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

test('the audit log of PostgreSQL is append-only', async () => {
  const { store, discard } = await fresh(openCaStore, 'upki_ca');
  await store.addAdmin({ dn: '/CN=a', role: 'admin', addedAt: 0, byName: false });
  for (const statement of ["UPDATE upki_ca.audit SET entry = ''", 'DELETE FROM upki_ca.audit']) {
    await expect(withClient(database.url, (client) => client.query(statement))).rejects.toThrow(
      /append-only/,
    );
  }
  await discard();
});
