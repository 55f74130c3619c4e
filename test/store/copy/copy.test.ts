import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreConflict, StoreRefused, StoreUnavailable } from '../../../src/store/contract/errors.js';
import { type CopyProgress, copyBack, copyStore } from '../../../src/store/copy/index.js';
import { openCaStore, openRaStore } from '../../../src/store/open.js';
import { verifyAudit } from '../../../src/store/rows/audit-chain.js';
import {
  aCertificate,
  anAccount,
  anAuthorization,
  anOrder,
  aRecord,
  HOUR,
  NOW,
  PROBLEM,
} from '../../../tools/kit/facts.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { withClient } from '../../../tools/kit/postgres/client.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';

let folder: string;
let path: string;
let database: Awaited<ReturnType<typeof createDatabase>>;
beforeEach(async () => {
  folder = newFolder();
  path = join(folder, 'store.db');
  database = await createDatabase();
});
afterEach(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

const silent = () => {};
const count = (table: string) =>
  withClient(database.url, async (client) =>
    Number((await client.query(`SELECT count(*) FROM ${table}`)).rows[0].count),
  );

/** An RA's database with an order in every state. */
async function fillRa() {
  const store = await openRaStore(path);
  const account = anAccount({
    contact: ['mailto:zoë@example.com'],
    externalAccount: { kid: 'é', jws: { a: '\0' } },
  });
  await store.createAccount(account);
  const order = async (facts = {}) => {
    const id = anOrder(account).id;
    const authorization = anAuthorization(account, { orderId: id });
    const made = anOrder(account, { id, authorizationIds: [authorization.id], ...facts });
    await store.createOrder(made, [authorization]);
    return { order: made, authorization };
  };
  const issued = await order();
  const certificate = aCertificate(issued.order);
  await store.beginFinalize(issued.order.id, new Uint8Array([0, 255, 92, 39]), NOW);
  await store.recordIssuance(issued.order.id, certificate);
  const replacing = await order({ replaces: certificate.ariId });
  await store.answerChallenge(replacing.authorization.id, 'http-01', NOW, NOW);
  const processing = await order();
  await store.beginFinalize(processing.order.id, new Uint8Array([1]), NOW);
  const failed = await order();
  await store.failOrder(failed.order.id, PROBLEM);
  await store.putSetting('name', 'é"\n\\');
  return {
    store,
    account,
    certificate,
    orders: [issued, replacing, processing, failed].map((each) => each.order.id),
  };
}

describe('copying an RA’s store', () => {
  test('copies every account, order, authorization and certificate, and unfinished work continues', async () => {
    const { store, account, certificate, orders } = await fillRa();
    const before = await Promise.all(orders.map((id) => store.getOrder(id)));
    const kept = await store.getCertificate(certificate.id);
    await store.close();
    const { kind, tables } = await copyStore(path, database.url, silent);
    expect(kind).toBe('ra');
    expect(tables).toContainEqual({ name: 'orders', rows: 4 });

    const copy = await openRaStore(database.url);
    expect(await Promise.all(orders.map((id) => copy.getOrder(id)))).toEqual(before);
    expect(await copy.getAccount(account.id)).toEqual(account);
    expect(await copy.getCertificate(certificate.id)).toEqual(kept);
    expect(await copy.getSetting('name')).toBe('é"\n\\');
    expect(await copy.claimValidations(NOW, NOW + HOUR, 10)).toHaveLength(1);
    expect(await copy.claimFinalizations(NOW, NOW + HOUR, 10)).toMatchObject([{ order: { id: orders[2] } }]);
    await copy.close();
  });

  test('makes the old file refuse to open and name the new place', async () => {
    await (await fillRa()).store.close();
    await copyStore(path, database.url, silent);
    const opening = openRaStore(path);
    await expect(opening).rejects.toBeInstanceOf(StoreRefused);
    await expect(openRaStore(path)).rejects.toThrow(/was copied to postgres.* on 20.*UPKI_DATABASE_URL/);
    await expect(openRaStore(path)).rejects.not.toThrow(new URL(database.url).password);
    await expect(copyStore(path, database.url, silent)).rejects.toBeInstanceOf(StoreRefused);
  });

  test('leaves the old file in use if it fails', async () => {
    await (await fillRa()).store.close();
    const used = await openRaStore(database.url);
    await used.createAccount(anAccount());
    await used.close();
    await expect(copyStore(path, database.url, silent)).rejects.toBeInstanceOf(StoreConflict);
    await (await openRaStore(path)).close();
  });

  test('reports progress up to all rows of each table, copied and checked', async () => {
    await (await fillRa()).store.close();
    const last = new Map<string, CopyProgress>();
    await copyStore(path, database.url, (progress) =>
      last.set(`${progress.table} ${progress.step}`, progress),
    );
    expect(last.get('orders copied')).toMatchObject({ rows: 4, of: 4 });
    expect(last.get('orders checked')).toMatchObject({ rows: 4, of: 4 });
  });

  test('discards a copy that does not read back identically', async () => {
    await (await fillRa()).store.close();
    await (await openRaStore(database.url)).close();
    await withClient(database.url, (client) =>
      client.query(`
        CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.profile := 'other'; RETURN NEW; END $$;
        CREATE TRIGGER spoils BEFORE INSERT ON upki_ra.orders FOR EACH ROW EXECUTE FUNCTION public.spoil()`),
    );
    await expect(copyStore(path, database.url, silent)).rejects.toThrow(
      /table orders reads back differently/,
    );
    expect(await count('upki_ra.accounts')).toBe(0);
  });

  test('leaves nothing behind if it is interrupted, and can be repeated', async () => {
    await (await fillRa()).store.close();
    const cut = copyStore(path, database.url, ({ table }) => {
      if (table === 'certificates') throw new Error('cut off');
    });
    await expect(cut).rejects.toThrow('cut off');
    expect(await count('upki_ra.accounts')).toBe(0);
    await copyStore(path, database.url, silent);
    expect(await count('upki_ra.accounts')).toBe(1);
  });

  test('refuses a target in use and does not change it', async () => {
    await (await fillRa()).store.close();
    const used = await openRaStore(database.url);
    await used.createAccount(anAccount());
    await used.close();
    await expect(copyStore(path, database.url, silent)).rejects.toBeInstanceOf(StoreConflict);
    expect(await count('upki_ra.accounts')).toBe(1);
  });

  test('refuses a source that another process writes, that is missing, or that is not ours', async () => {
    const { store } = await fillRa();
    const writer = new DatabaseSync(path);
    writer.exec('BEGIN IMMEDIATE');
    const copying = copyStore(path, database.url, silent);
    await expect(copying).rejects.toThrow(/somebody is writing/);
    writer.exec('ROLLBACK');
    writer.close();
    await store.close();
    const missing = copyStore(join(folder, 'none.db'), database.url, silent);
    await expect(missing).rejects.toBeInstanceOf(StoreUnavailable);
    const stranger = join(folder, 'stranger.db');
    const db = new DatabaseSync(stranger);
    db.exec('CREATE TABLE t (a)');
    db.close();
    await expect(copyStore(stranger, database.url, silent)).rejects.toThrow(/not the database of a uPKI/);
    writeFileSync(join(folder, 'text.db'), 'text'.repeat(1000));
    await expect(copyStore(join(folder, 'text.db'), database.url, silent)).rejects.toBeInstanceOf(
      StoreUnavailable,
    );
  });
});

test('copying a CA’s store keeps the order of its rows, and CRL numbers and new rows continue from it', async () => {
  const store = await openCaStore(path);
  const records = [];
  for (let n = 0; n < 1_200; n += 1) records.push(aRecord({ cn: `c${n % 2}` }));
  for (const record of records) await store.recordCertificate(record);
  const [first, last] = [records[0], records[1198]];
  if (!first || !last) throw new Error('no records');
  await store.revoke(first.serial, NOW, 1);
  await store.allocateCrlNumber('', 0, 'of a publisher');
  await store.revoke(last.serial, NOW, 6);
  await store.unrevoke(last.serial);
  await store.putCrl('', { number: 1, der: new Uint8Array([1, 0]), thisUpdate: NOW, nextUpdate: NOW + HOUR });
  await store.addAdmin({ dn: '/CN=z', role: 'admin', addedAt: NOW, byName: false });
  await store.addAdmin({ dn: '/CN=a', role: 'admin', addedAt: NOW, byName: false });
  await store.close();
  expect((await copyStore(path, database.url, silent)).kind).toBe('ca');

  const copy = await openCaStore(database.url);
  expect(await copy.findNewestByCn('c0')).toEqual(last);
  expect(await copy.findBySerial(first.serial)).toMatchObject({ revokedAt: NOW, reason: 1, der: first.der });
  expect((await copy.listAdmins()).map(({ dn }) => dn)).toEqual(['/CN=z', '/CN=a']);
  expect(await copy.getCrl('')).toMatchObject({ number: 1, der: new Uint8Array([1, 0]) });
  // A publisher that ran on the file does not continue on the copy.
  const since = { issuer: '', allocation: 'of a publisher', number: 1, limit: 10, endedFrom: NOW };
  expect(await copy.listChanged(since)).toBeNull();
  expect(await copy.allocateCrlNumber('', 0)).toBe(2);
  const newer = aRecord({ cn: 'c0' });
  await copy.recordCertificate(newer);
  expect(await copy.findNewestByCn('c0')).toEqual(newer);
  await copy.close();
});

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
