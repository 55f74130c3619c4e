import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, test } from 'vitest';
import { openCaStore } from '../../../src/store/open.js';
import { caMigrations } from '../../../src/store/sqlite/ca/schema.js';
import { aRecord, NOW } from '../../../tools/kit/facts.js';
import { newFolder } from '../../../tools/kit/folder.js';

test('certificates stored before the index of names existed are found by name after the upgrade', async () => {
  const folder = newFolder();
  const path = join(folder, 'ca.db');
  const certificate = aRecord();
  const db = new DatabaseSync(path);
  const step = caMigrations.findIndex(
    (each) => typeof each === 'string' && each.includes('certificate_names'),
  );
  for (const each of caMigrations.slice(0, step)) if (typeof each === 'string') db.exec(each);
  db.exec(`PRAGMA user_version = ${step}; PRAGMA application_id = ${0x75434131}`);
  const { issuer: _, identifiers, ...facts } = certificate;
  const columns = Object.keys(facts).map((name) =>
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  );
  db.prepare(
    `INSERT INTO certificates (identifiers, ${columns.join(', ')}) VALUES (?${', ?'.repeat(columns.length)})`,
  ).run(JSON.stringify(identifiers), ...Object.values(facts));
  db.close();
  const store = await openCaStore(path);
  const page = { after: null, limit: 10, now: NOW, query: { name: 'www.example.*' } };
  expect((await store.searchCertificates(page)).items).toEqual([certificate]);
  await store.close();
  await rm(folder, { recursive: true });
});
