import { chmodSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  StoreConflict,
  StoreRefused,
  StoreTooNew,
  StoreUnavailable,
} from '../../../src/store/contract/errors.js';
import { openCaStore, openRaStore } from '../../../src/store/open.js';
import { raMigrations } from '../../../src/store/sqlite/ra/schema.js';
import { anAccount, anAuthorization, aRecord } from '../../../tools/kit/facts.js';
import { newFolder } from '../../../tools/kit/folder.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = newFolder();
  path = join(folder, 'data', 'ra.db');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

describe('opening a SQLite store', () => {
  test('makes the folder 0700 and every file 0600', async () => {
    const store = await openRaStore(path);
    await store.ping();
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700);
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  test('removes other users’ rights from a readable database', async () => {
    await (await openRaStore(path)).close();
    chmodSync(path, 0o644);
    await (await openRaStore(path)).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('finds the data that was stored before', async () => {
    const store = await openRaStore(path);
    await store.putSetting('a', 'b');
    await store.close();
    const again = await openRaStore(path);
    expect(await again.getSetting('a')).toBe('b');
    await again.close();
  });

  test('migrates a database from before there were nodes, with its data', async () => {
    const { challenges: _, ...facts } = anAuthorization(anAccount());
    mkdirSync(join(folder, 'data'));
    const db = new DatabaseSync(path);
    db.exec(`${raMigrations[0]}; PRAGMA user_version = 1; PRAGMA application_id = ${0x75524131}`);
    db.exec(
      "INSERT INTO accounts (id, thumbprint, jwk, contact, created_at) VALUES ('a', 't', '{}', '[]', 1)",
    );
    db.exec(
      `INSERT INTO authorizations (id, account_id, name, created_at, expires_at, token, challenges, state)
       VALUES ('z', 'a', 'dns:www.example.com', ${facts.createdAt}, ${facts.expiresAt}, 't', '[]', 'open')`,
    );
    db.close();
    const store = await openRaStore(path);
    expect(await store.getAuthorization('z')).toEqual({ ...facts, id: 'z', accountId: 'a', challenges: [] });
    await store.close();
  });

  test('refuses a database of a newer program and does not change it', async () => {
    await (await openRaStore(path)).close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const opening = openRaStore(path);
    await expect(opening).rejects.toBeInstanceOf(StoreTooNew);
    await expect(opening).rejects.toThrow(/schema version 99.*newer uPKI/s);
    const after = new DatabaseSync(path);
    expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: 99 });
    after.close();
  });

  test('refuses the other program’s database, a foreign one, and a file that is not a database', async () => {
    await (await openRaStore(path)).close();
    await expect(openCaStore(path)).rejects.toThrow(/not the database of a uPKI CA/);
    const stranger = join(folder, 'stranger.db');
    const db = new DatabaseSync(stranger);
    db.exec('CREATE TABLE t (a)');
    db.close();
    await expect(openRaStore(stranger)).rejects.toThrow(/not the database of a uPKI RA/);
    const text = join(folder, 'text.db');
    writeFileSync(text, 'not a database at all, but long enough to look at'.repeat(50));
    await expect(openRaStore(text)).rejects.toBeInstanceOf(StoreRefused);
    mkdirSync(join(folder, 'directory.db'));
    const directory = openRaStore(join(folder, 'directory.db'));
    await expect(directory).rejects.toBeInstanceOf(StoreRefused);
    await expect(directory).rejects.toThrow(/directory\.db: it is a folder where a file is needed$/);
  });

  test('migrates a new database once for two processes that open it together', async () => {
    const stores = await Promise.all([openRaStore(path), openRaStore(path)]);
    await Promise.all(stores.map((store, index) => store.putSetting(`s${index}`, 'x')));
    expect(await stores[0].getSetting('s1')).toBe('x');
    for (const store of stores) await store.close();
  });
});

describe('the queue of the SQLite engine', () => {
  test('fails only the one of many concurrent writes that contradicts the stored values', async () => {
    const store = await openCaStore(path);
    const { serial } = aRecord();
    const results = await Promise.allSettled([
      store.recordCertificate(aRecord()),
      store.recordCertificate(aRecord({ serial })),
      store.recordCertificate(aRecord({ serial })),
      store.recordCertificate(aRecord()),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(results[2]).toMatchObject({ reason: expect.any(StoreConflict) });
    await store.close();
  });

  test('answers more calls than fit into one batch, in order', async () => {
    const store = await openCaStore(path);
    const numbers = await Promise.all(Array.from({ length: 2_000 }, () => store.allocateCrlNumber('', 0)));
    expect(numbers).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
    await store.close();
  });

  test('returns a long CRL whole, to several callers of one batch and again', async () => {
    const store = await openCaStore(path);
    const der = new Uint8Array(300_000).map((_, index) => index % 251);
    await store.putCrl('', { number: 1, der, thisUpdate: 0, nextUpdate: 0 });
    const found = [...(await Promise.all([1, 2, 3].map(() => store.getCrl('')))), await store.getCrl('')];
    for (const crl of found) expect(Buffer.from(crl?.der ?? []).equals(der)).toBe(true);
    await store.close();
  });

  test('refuses calls beyond its limit at once and executes the others', async () => {
    const store = await openRaStore(path);
    const results = await Promise.allSettled(Array.from({ length: 20_010 }, () => store.ping()));
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ reason: expect.any(StoreUnavailable) });
    await store.close();
  });

  test('executes on close every earlier call, and may be closed twice', async () => {
    const store = await openRaStore(path);
    const writes = Array.from({ length: 1_500 }, (_, index) => store.putSetting(`k${index}`, 'v'));
    await Promise.all([store.close(), store.close(), ...writes]);
    const again = await openRaStore(path);
    expect(await again.getSetting('k1499')).toBe('v');
    await again.close();
  });

  test('fails the calls of a dead database thread, reports it and replaces the thread', async () => {
    const onCrash = vi.fn();
    const store = await openRaStore(path, { onCrash });
    await store.putSetting('before', 'kept');
    vi.spyOn(Worker.prototype, 'postMessage').mockImplementationOnce(function (this: Worker) {
      void this.terminate();
    });
    await expect(store.putSetting('lost', 'x')).rejects.toBeInstanceOf(StoreUnavailable);
    expect(onCrash).toHaveBeenCalledTimes(1);
    await store.putSetting('after', 'kept');
    expect(await store.getSetting('before')).toBe('kept');
    expect(await store.getSetting('lost')).toBeNull();
    await store.close();
  });

  test('fails calls while the thread cannot be restarted, and can still be closed', async () => {
    const store = await openRaStore(path);
    vi.spyOn(Worker.prototype, 'postMessage').mockImplementationOnce(function (this: Worker) {
      void this.terminate();
    });
    const lost = store.ping();
    await expect(lost).rejects.toBeInstanceOf(StoreUnavailable);
    rmSync(path);
    mkdirSync(path);
    await expect(store.ping()).rejects.toBeInstanceOf(StoreUnavailable);
    await store.close();
  });
});
