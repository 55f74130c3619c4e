import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCaStore } from '../../../src/store/open.js';
import { caMigrations } from '../../../src/store/sqlite/ca/schema.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { aRecord, NOW } from '../../../tools/kit/facts.js';
import { newFolder } from '../../../tools/kit/folder.js';

const CRL = { number: 7, der: Buffer.alloc(2_000_000, 3), thisUpdate: NOW, nextUpdate: NOW + 1 };

describe('the row of a CRL', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = newFolder();
    path = join(folder, 'ca.db');
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is as it was after the upgrade that arranges it anew', async () => {
    const db = new DatabaseSync(path);
    const step = caMigrations.findIndex((each) => typeof each === 'string' && each.includes('crls_before'));
    for (const each of caMigrations.slice(0, step)) {
      if (typeof each === 'string') db.exec(each);
      else each(db);
    }
    db.exec(`PRAGMA user_version = ${step}; PRAGMA application_id = ${0x75434131}`);
    db.prepare(
      "UPDATE crls SET last_number = 9, number = ?, der = ?, this_update = ?, next_update = ?, stale_up_to = 8 WHERE issuer = ''",
    ).run(CRL.number, CRL.der, CRL.thisUpdate, CRL.nextUpdate);
    db.prepare("INSERT INTO crls (issuer, last_number) VALUES ('next', 4)").run();
    db.close();
    const store = await openCaStore(path);
    const { der, ...head } = CRL;
    expect(await store.getCrlHead('')).toEqual(head);
    expect(Buffer.compare((await store.getCrl(''))?.der ?? Buffer.alloc(0), der)).toBe(0);
    expect(await store.isCrlCurrent('', CRL.number)).toBe(false);
    expect(await store.getCrl('next')).toBeNull();
    expect(await store.allocateCrlNumber('', 0)).toBe(10);
    expect(await store.allocateCrlNumber('next', 0)).toBe(5);
    await store.close();
  });

  test('is written by the first revocation after a number was allocated, and by no other until the next', async () => {
    const store = await openCaStore(path);
    const certificates = ['a1', 'a2', 'a3', 'a4'].map((serial) =>
      aRecord({ serial, cn: `${serial}.example` }),
    );
    for (const certificate of certificates) await store.recordCertificate(certificate);
    await store.allocateCrlNumber('', CRL.number);
    await store.putCrl('', CRL);
    await store.close();

    const db = openDatabase(path, 'ca');
    db.exec(`CREATE TEMP TABLE written (row INTEGER);
             CREATE TEMP TRIGGER counted AFTER UPDATE ON main.crls BEGIN INSERT INTO written VALUES (1); END`);
    const revoke = (serial: string) =>
      db.prepare('UPDATE certificates SET revoked_at = ?, reason = 1 WHERE serial = ?').run(NOW, serial);
    const writes = () => db.prepare('SELECT count(*) AS writes FROM written').get();
    const noted = () => db.prepare("SELECT count(*) AS noted FROM crl_changes WHERE serial <> ''").get();
    revoke('a1');
    expect(writes()).toEqual({ writes: 1 });
    revoke('a2');
    revoke('a3');
    expect([writes(), noted()]).toEqual([{ writes: 1 }, { noted: 3 }]);
    db.exec("UPDATE crls SET last_number = last_number + 1 WHERE issuer = ''");
    revoke('a4');
    expect([writes(), noted()]).toEqual([{ writes: 3 }, { noted: 4 }]);
    db.close();
  });
});
