import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { StoreConflict, StoreRefused, StoreUnavailable } from '../../../src/store/contract/errors.js';
import type { RaStore } from '../../../src/store/contract/ra.js';
import { openRaStore } from '../../../src/store/open.js';
import { DatabaseClient } from '../../../src/store/postgres/client.js';
import { storeError } from '../../../src/store/postgres/failures.js';
import { Link } from '../../../tools/kit/link.js';
import { withClient } from '../../../tools/kit/postgres/client.js';
import { PostgresServer } from '../../../tools/kit/postgres/server.js';

describe('PostgreSQL goes away and comes back', () => {
  let server: PostgresServer;
  let store: RaStore;
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    store = await openRaStore(server.url());
  });
  afterEach(() => store.close());

  test.each(['stop', 'kill'] as const)('after a %s the store recovers by itself', async (end) => {
    await store.putSetting(`before ${end}`, 'kept');
    await server[end]();
    await expect(store.putSetting('meanwhile', 'lost')).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.getSetting(`before ${end}`)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.ping()).rejects.toBeInstanceOf(StoreUnavailable);
    await server.resume();
    expect(await store.getSetting(`before ${end}`)).toBe('kept');
    expect(await store.getSetting('meanwhile')).toBeNull();
    await store.ping();
  });

  test('a lost connection is reported without the password', async () => {
    const told: Error[] = [];
    const other = await openRaStore(server.url(), { onCrash: (error) => told.push(error) });
    await other.ping();
    await server.kill();
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(0));
    await server.resume();
    const shown = inspect(told, { depth: 12, showHidden: true });
    expect(shown).not.toContain(new URL(server.url()).password);
    await other.close();
    await vi.waitFor(() => store.ping());
  });

  test('a program that starts before its server waits for it, and logs that', async () => {
    await server.stop();
    const told = new Promise<Error>((resolve) => {
      void openRaStore(server.url(), { patience: 30_000, onCrash: resolve }).then(async (late) => {
        opened.push(await late.getSetting('before stop'));
        await late.close();
      });
    });
    const opened: (string | null)[] = [];
    expect(await told).toBeInstanceOf(StoreUnavailable);
    await server.resume();
    await vi.waitFor(() => expect(opened).toEqual(['kept']), { timeout: 20_000 });
    await vi.waitFor(() => store.ping());
  });

  test('every write that was answered before the server was killed under load is stored', async () => {
    const answered: string[] = [];
    const refused: unknown[] = [];
    const write = async (worker: number) => {
      for (let count = 0; refused.length < 4; count += 1) {
        const name = `w${worker}-${count}`;
        await store.putSetting(name, name).then(
          () => answered.push(name),
          (error) => refused.push(error),
        );
      }
    };
    const load = Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write));
    await vi.waitFor(() => expect(answered.length).toBeGreaterThan(300), { timeout: 20_000, interval: 5 });
    await server.kill();
    await load;
    for (const error of refused) expect(error).toBeInstanceOf(StoreUnavailable);
    await server.resume();
    const values = await Promise.all(answered.map((name) => store.getSetting(name)));
    expect(values).toEqual(answered);
  });

  test('sessions that the administrator ends are replaced', async () => {
    await Promise.all(Array.from({ length: 20 }, () => store.ping()));
    await withClient(server.url(), (client) =>
      client.query(
        'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user',
      ),
    );
    await vi.waitFor(() => store.ping());
    await Promise.all(Array.from({ length: 20 }, () => store.ping()));
  });
});

describe('the network to PostgreSQL drops packets silently', () => {
  let server: PostgresServer;
  let link: Link;
  let database: DatabaseClient;
  beforeAll(async () => {
    server = await PostgresServer.start();
    await (await openRaStore(server.url())).close();
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    link = await Link.open(server.port);
    const url = new URL(server.url());
    url.port = String(link.port);
    database = new DatabaseClient({ url: url.href, schema: 'upki_ra', answerTimeout: 300 });
  });
  afterEach(async () => {
    await database.close();
    await link.close();
  });

  const together = (count: number) =>
    Promise.all(Array.from({ length: count }, () => database.all('SELECT pg_sleep(0.02)::text')));

  test('a statement times out, and the next one after the repair succeeds', async () => {
    await together(1);
    await link.cut('silent');
    await expect(together(1)).rejects.toBeInstanceOf(StoreUnavailable);
    await link.heal();
    await together(1);
  });

  test('one dead connection is found by its timeout, and the others are closed with it', async () => {
    await together(8);
    await link.cut('silent');
    await link.heal();
    await expect(together(1)).rejects.toBeInstanceOf(StoreUnavailable);
    await together(8);
  });

  test('sessions left behind at the server are ended there', async () => {
    const settings = await database.all(
      "SELECT current_setting('idle_session_timeout'), current_setting('tcp_keepalives_idle')",
    );
    // The first is longer than the pool keeps a connection of its own.
    expect(settings).toEqual([['5min', '15']]);
  });
});

describe('errors of PostgreSQL become errors that a caller can act on', () => {
  const fromServer = (code: string) => Object.assign(new Error(code), { code, severity: 'ERROR' });

  test.each([
    '23505',
    '23502',
    '23503',
    '23514',
    '22021',
  ])('%s means that the values contradict the stored ones', (code) => {
    expect(storeError(fromServer(code))).toBeInstanceOf(StoreConflict);
  });

  test.each([
    ...['08006', '25006', '28P01', '3D000', '40001', '40P01', '53100', '53200', '53300'],
    ...['55P03', '57014', '57P01', '57P02', '57P03', '58030'],
  ])('%s means that the caller should try again later', (code) => {
    expect(storeError(fromServer(code))).toBeInstanceOf(StoreUnavailable);
  });

  test.each(['XX001', 'XX002'])('%s means damaged data, which a retry does not repair', (code) => {
    expect(storeError(fromServer(code))).toBeInstanceOf(StoreRefused);
  });

  test('an error without an SQLSTATE comes from the network and means: try again later', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    for (const error of [refused, broken, new Error('Connection terminated unexpectedly')]) {
      expect(storeError(error)).toBeInstanceOf(StoreUnavailable);
    }
    expect(storeError(new AggregateError([refused, broken])).message).toBe(
      'connect ECONNREFUSED; write EPIPE',
    );
  });

  test('a wrong statement is an internal error', () => {
    const error = fromServer('42703');
    expect(storeError(error)).toBe(error);
  });
});
