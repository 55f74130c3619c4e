import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkStore } from '../../../src/backup/check.js';
import { StoreRefused } from '../../../src/store/contract/errors.js';
import { openCaStore } from '../../../src/store/open.js';
import { aRecord } from '../../../tools/kit/facts.js';
import { withClient } from '../../../tools/kit/postgres/client.js';
import { PostgresServer } from '../../../tools/kit/postgres/server.js';

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
}, 60_000);
afterAll(() => server.remove());

const layout = () => ({ part: 'ca' as const, folder: '/nowhere', database: server.url() });

it('a damaged page of PostgreSQL is reported with the database by the query and then by ping, and the check names the table', async () => {
  const store = await openCaStore(server.url());
  const records = Array.from({ length: 50 }, () => aRecord({ der: new Uint8Array(0) }));
  for (const record of records) await store.recordCertificate(record);
  await store.close();
  expect(await checkStore(layout(), '')).toMatchObject({ certificates: 50, faults: [] });

  const [found] = await withClient(server.url(), async (client) => {
    await client.query('CHECKPOINT');
    return (await client.query("SELECT pg_relation_filepath('upki_ca.certificates') AS file")).rows;
  });
  await server.stop();
  const file = join(server.dataFolder, found.file);
  writeFileSync(file, Buffer.alloc(readFileSync(file).length, 0xa5));
  await server.resume();

  const told: Error[] = [];
  const damaged = await openCaStore(server.url(), { onCrash: (error) => told.push(error) });
  await damaged.ping();
  const asked = damaged.findBySerial(records[0]?.serial ?? '');
  await expect(asked).rejects.toBeInstanceOf(StoreRefused);
  await expect(asked).rejects.toThrow(
    /^postgres:\/\/.*@127\.0\.0\.1.*: the database is damaged \(invalid page/,
  );
  await expect(damaged.ping()).rejects.toThrow(/the database is damaged/);
  expect(told).toHaveLength(1);
  expect(told[0]?.message).not.toContain(new URL(server.url()).password);
  await damaged.close();
  const { faults } = await checkStore(layout(), '');
  expect(faults[0]).toMatch(/the table certificates cannot be read: invalid page/);
});
