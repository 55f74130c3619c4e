import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, test } from 'vitest';
import { openCaStore } from '../../../src/store/open.js';
import { caMigrations } from '../../../src/store/sqlite/ca/schema.js';
import { aRecord, NOW } from '../../../tools/kit/facts.js';

test('certificates from before there was an index of names are found by name after the upgrade', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'upki-names-'));
  const path = join(folder, 'ca.db');
  const earlier = await openCaStore(path);
  const certificate = aRecord();
  await earlier.recordCertificate(certificate);
  await earlier.close();
  const db = new DatabaseSync(path);
  const step = caMigrations.findIndex(
    (each) => typeof each === 'string' && each.includes('certificate_names'),
  );
  db.exec(`
    DROP TABLE certificate_names; DROP INDEX certificates_by_end; DROP INDEX certificates_by_profile;
    DROP INDEX certificates_by_account; PRAGMA user_version = ${step}`);
  db.close();
  const store = await openCaStore(path);
  const page = { after: null, limit: 10, now: NOW, query: { name: 'www.example.*' } };
  expect((await store.searchCertificates(page)).items).toEqual([certificate]);
  await store.close();
  await rm(folder, { recursive: true });
});
