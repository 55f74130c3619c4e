import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, test } from 'vitest';
import { openCaStore } from '../../../src/store/open.js';
import { aRecord, NOW } from '../../../tools/kit/facts.js';
import { newFolder } from '../../../tools/kit/folder.js';

test('a certificate whose insertion fails half-way leaves no row, no count and no audit record, and the others of its batch stay', async () => {
  const folder = newFolder();
  const path = join(folder, 'ca.db');
  await (await openCaStore(path)).close();
  const db = new DatabaseSync(path);
  db.exec(`CREATE TRIGGER broken AFTER INSERT ON certificates WHEN NEW.cn = 'broken.example.test'
    BEGIN SELECT RAISE(FAIL, 'broken'); END`);
  db.close();
  const store = await openCaStore(path);
  const records = [aRecord(), aRecord({ cn: 'broken.example.test' }), aRecord()];
  const recorded = await Promise.allSettled(records.map((each) => store.recordCertificate(each)));
  expect(recorded.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await store.findBySerial(records[1]?.serial ?? '')).toBeNull();
  expect(await store.countCertificates(NOW)).toMatchObject([{ count: 2 }]);
  expect(await store.readAudit({ after: null, limit: 10 })).toHaveLength(2);
  await store.close();
  await rm(folder, { recursive: true });
});
