import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreRefused, StoreTooNew, StoreUnavailable } from '../../../src/store/contract/errors.js';
import { openCaStore, openRaStore } from '../../../src/store/open.js';
import { raMigrations } from '../../../src/store/postgres/ra/schema.js';
import { withClient } from '../../../tools/kit/postgres/client.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';

let database: Awaited<ReturnType<typeof createDatabase>>;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

const execute = (statements: string, url = database.url) =>
  withClient(url, async (client) => (await client.query(statements)).rows);

describe('opening a store on PostgreSQL', () => {
  test('replicas that open a new database at once all find it migrated exactly once', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => openRaStore(database.url)));
    await Promise.all(stores.map((store, index) => store.putSetting(`s${index}`, 'x')));
    expect(await stores[0]?.getSetting('s5')).toBe('x');
    for (const store of stores) await store.close();
    expect(await execute('SELECT * FROM upki_ra.schema_version')).toEqual([{ version: raMigrations.length }]);
  });

  test('RA and CA share a database without conflict', async () => {
    const ra = await openRaStore(database.url);
    const ca = await openCaStore(database.url);
    await ra.putSetting('name', 'ra');
    await ca.putSetting('name', 'ca');
    expect([await ra.getSetting('name'), await ca.getSetting('name')]).toEqual(['ra', 'ca']);
    await ra.close();
    await ca.close();
  });

  test('stored data is there when the store is opened again', async () => {
    const store = await openRaStore(database.url);
    await store.putSetting('a', 'b');
    await store.close();
    const again = await openRaStore(database.url.replace('postgres:', 'postgresql:'));
    expect(await again.getSetting('a')).toBe('b');
    await again.close();
  });

  test('a schema of a newer program is refused and not changed', async () => {
    await (await openRaStore(database.url)).close();
    await execute('UPDATE upki_ra.schema_version SET version = 99');
    const opening = openRaStore(database.url);
    await expect(opening).rejects.toBeInstanceOf(StoreTooNew);
    await expect(opening).rejects.toThrow(/version 99.*newer uPKI/s);
    expect(await execute('SELECT * FROM upki_ra.schema_version')).toEqual([{ version: 99 }]);
  });

  test('a foreign schema of that name is refused and not changed', async () => {
    await execute('CREATE SCHEMA upki_ca; CREATE TABLE upki_ca.theirs (a int)');
    await expect(openCaStore(database.url)).rejects.toThrow(/upki_ca is not that of a uPKI CA/);
    const tables = await execute("SELECT tablename FROM pg_tables WHERE schemaname = 'upki_ca'");
    expect(tables).toEqual([{ tablename: 'theirs' }]);
  });

  test.each([
    ['a table schema_version without that column', 'CREATE TABLE upki_ca.schema_version (rank int)'],
    ['an empty schema_version', 'CREATE TABLE upki_ca.schema_version (version int)'],
    [
      'the schema_version of Flyway',
      "CREATE TABLE upki_ca.schema_version (version text); INSERT INTO upki_ca.schema_version VALUES ('1.0')",
    ],
  ])('%s is refused in a sentence, and not changed', async (_what, statements) => {
    await execute(`CREATE SCHEMA upki_ca; ${statements}`);
    const tables =
      "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'upki_ca'";
    const before = await execute(tables);
    const opening = openCaStore(database.url);
    await expect(opening).rejects.toBeInstanceOf(StoreRefused);
    await expect(opening).rejects.toThrow(/the schema upki_ca is not that of a uPKI CA/);
    expect(await execute(tables)).toEqual(before);
  });

  test('a role without rights, and a missing table, are refused in a sentence', async () => {
    await (await openRaStore(database.url)).close();
    const role = new URL(database.url).pathname.slice(1);
    await execute(`CREATE ROLE ${role} LOGIN PASSWORD 'none'`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'none';
    const opening = openRaStore(url.href);
    await expect(opening).rejects.toBeInstanceOf(StoreRefused);
    await expect(opening).rejects.toThrow(/permission denied for schema upki_ra: grant it to the user/);
    await execute(`DROP ROLE ${role}`);
    const store = await openRaStore(database.url);
    await execute('DROP TABLE upki_ra.accounts');
    const reading = store.getAccount('x');
    await expect(reading).rejects.toBeInstanceOf(StoreRefused);
    await expect(reading).rejects.toThrow(/"accounts" does not exist: the schema is not as uPKI made it/);
    await store.close();
  });

  test('a role that may only read and write rows is enough once the schema exists', async () => {
    await (await openRaStore(database.url)).close();
    const role = new URL(database.url).pathname.slice(1);
    await execute(
      `CREATE ROLE ${role} LOGIN PASSWORD 'modest'; GRANT USAGE ON SCHEMA upki_ra TO ${role};
       GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA upki_ra TO ${role}`,
    );
    const url = new URL(database.url);
    url.username = role;
    url.password = 'modest';
    const store = await openRaStore(url.href);
    await store.putSetting('a', 'b');
    expect(await store.getSetting('a')).toBe('b');
    await store.close();
    await execute(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  test('an absent server, a missing database and a wrong password are reported without the password', async () => {
    const wrong = (change: (url: URL) => void) => {
      const url = new URL(database.url);
      change(url);
      return url;
    };
    for (const url of [
      wrong((each) => {
        each.port = '1';
      }),
      wrong((each) => {
        each.pathname = '/none';
      }),
      wrong((each) => {
        each.password = 'not-the-password';
      }),
    ]) {
      const opening = openRaStore(url.href);
      await expect(opening).rejects.toBeInstanceOf(StoreUnavailable);
      const error = await opening.catch((reason: Error) => reason);
      expect(String(error)).not.toContain(url.password);
    }
  });
});

test('a commit is on disk before it is answered, even if the database’s default differs', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await execute(`ALTER DATABASE ${name} SET synchronous_commit = off`);
  const store = await openRaStore(database.url);
  await execute(`
    CREATE TABLE seen (mode TEXT);
    CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
    CREATE TRIGGER looks BEFORE INSERT ON upki_ra.settings FOR EACH ROW EXECUTE FUNCTION public.look()`);
  await store.putSetting('a', 'b');
  expect(await execute('SELECT mode FROM seen')).toEqual([{ mode: 'on' }]);
  await store.close();
});

test('a statement that lost a deadlock or a race is retried, but not forever', async () => {
  const store = await openRaStore(database.url);
  await execute(`
    CREATE SEQUENCE tries;
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.name = 'hopeless' OR nextval('public.tries') < 3 THEN
        RAISE EXCEPTION 'lost' USING ERRCODE = '40P01';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER loses BEFORE INSERT ON upki_ra.settings FOR EACH ROW EXECUTE FUNCTION public.lose()`);
  await store.putSetting('a', 'b');
  expect(await store.getSetting('a')).toBe('b');
  await expect(store.putSetting('hopeless', 'b')).rejects.toBeInstanceOf(StoreUnavailable);
  await store.close();
});
