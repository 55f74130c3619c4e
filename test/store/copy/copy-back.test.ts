import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { StoreConflict } from '../../../src/store/contract/errors.js';
import { type CopyProgress, copyBack, copyStore } from '../../../src/store/copy/index.js';
import { openCaStore, openRaStore } from '../../../src/store/open.js';
import { verifyAudit } from '../../../src/store/rows/audit-chain.js';
import { aRecord, NOW } from '../../../tools/kit/facts.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';
import { database, fillRa, folder, path, silent } from './harness.js';

describe('copying back from PostgreSQL', () => {
  const entry = (index: number) => ({
    ...{
      at: NOW,
      who: 'CN=alice',
      from: '192.0.2.1',
      action: 'test.do',
      outcome: 'success',
      details: { index },
    },
  });

  test('moves an RA’s store into its file, with every chain of its audit log, and into PostgreSQL again', async () => {
    const { store, account, certificate, orders } = await fillRa();
    await store.appendAudit(entry(0));
    await store.close();
    await copyStore(path, database.url, silent);
    const there = await openRaStore(database.url);
    await Promise.all(Array.from({ length: 12 }, (_, index) => there.appendAudit(entry(index + 1))));
    await there.putSetting('since', 'there');
    const before = await verifyAudit(there);
    const running = copyBack(database.url, 'ra', path, silent);
    await expect(running).rejects.toThrow(/a uPKI runs on it/);
    await there.close();

    const progress: CopyProgress[] = [];
    const { tables } = await copyBack(database.url, 'ra', path, (each) => progress.push(each));
    expect(tables.find(({ name }) => name === 'accounts')?.rows).toBe(1);
    expect(progress.at(-1)).toMatchObject({ step: 'checked' });
    await expect(openRaStore(database.url)).rejects.toThrow(
      /was copied to .*store\.db .* start without UPKI_DATABASE_URL/,
    );
    const back = await openRaStore(path);
    expect(await verifyAudit(back, before.heads)).toMatchObject({ records: 13, fault: null });
    expect(await back.getAccount(account.id)).toEqual(account);
    expect(await back.findCertificateBySerial(certificate.serial)).toMatchObject({
      chain: certificate.chain,
    });
    for (const id of orders) expect(await back.getOrder(id)).not.toBeNull();
    expect(await back.getSetting('since')).toBe('there');
    await back.appendAudit(entry(20));
    const heads = await verifyAudit(back, before.heads);
    expect(heads).toMatchObject({ records: 14, fault: null });
    await back.close();

    const other = await createDatabase();
    try {
      await copyStore(path, other.url, silent);
      const again = await openRaStore(other.url);
      await Promise.all(Array.from({ length: 12 }, (_, index) => again.appendAudit(entry(index + 30))));
      expect(await verifyAudit(again, heads.heads)).toMatchObject({ records: 26, fault: null });
      await again.close();
    } finally {
      await other.drop();
    }
  });

  test('moves a CA’s store with the order of its rows, and counts and CRL numbers continue', async () => {
    const ca = await openCaStore(database.url);
    const records = Array.from({ length: 700 }, (_, n) => aRecord({ cn: `c${n % 2}` }));
    for (const record of records) await ca.recordCertificate(record);
    const [first] = records;
    if (!first) throw new Error('no records');
    await ca.revoke(first.serial, NOW, 1, undefined, 'key');
    const number = await ca.allocateCrlNumber('', 5, 'of a publisher');
    await ca.revoke(records.at(-1)?.serial ?? '', NOW, 6);
    await ca.unrevoke(records.at(-1)?.serial ?? '');
    await ca.addAdmin({ dn: '/CN=z', role: 'admin', addedAt: NOW, byName: false });
    await ca.addAdmin({ dn: '/CN=a', role: 'admin', addedAt: NOW, byName: false });
    const counts = await ca.countCertificates(NOW);
    await ca.close();
    await copyBack(database.url, 'ca', path, silent);
    const back = await openCaStore(path);
    expect(await back.findNewestByCn('c1')).toEqual(records.at(-1));
    expect(await back.findBySerial(first.serial)).toMatchObject({
      revokedAt: NOW,
      reason: 1,
      der: first.der,
    });
    expect((await back.listAdmins()).map(({ dn }) => dn)).toEqual(['/CN=z', '/CN=a']);
    expect(await back.isCompromisedKey('key')).toBe(true);
    expect(new Set(await back.countCertificates(NOW))).toEqual(new Set(counts));
    expect(await back.allocateCrlNumber('', 0)).toBe(number + 1);
    await back.close();
  });

  test('refuses a file in use without changing it, and leaves neither file nor mark after a failure', async () => {
    await (await openRaStore(database.url)).close();
    const used = await openRaStore(path);
    await used.putSetting('a', 'b');
    await used.close();
    await expect(copyBack(database.url, 'ra', path, silent)).rejects.toBeInstanceOf(StoreConflict);
    const other = join(folder, 'other.db');
    const cut = copyBack(database.url, 'ra', other, () => {
      throw new Error('cut off');
    });
    await expect(cut).rejects.toThrow('cut off');
    expect(readdirSync(folder).filter((name) => name.startsWith('other'))).toEqual([]);
    const again = await openRaStore(path);
    expect(await again.getSetting('a')).toBe('b');
    await again.close();
    await (await openRaStore(database.url)).close();
  });
});
