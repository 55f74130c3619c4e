import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCaStore, openRaStore } from '../../../src/store/index.js';
import { createTestPki } from '../../../tools/kit/test-pki.js';
import { hexOf, PythonFolders } from './python-folders.js';
import { imported, migrationWorld } from './world.js';

const world = migrationWorld();

describe('a migrated RA', () => {
  it('has accounts and orders under the ids of before, with certificates and revocations', async () => {
    const { id, key } = world.python.account();
    const [first, second] = [world.python.issue('app.example.test'), world.python.issue('app.example.test')];
    world.python.order('aa11', id, 'app.example.test', first);
    world.python.order('bb22', id, 'app.example.test', second);
    world.python.order('cc33', id, 'pending.example.test', null);
    world.python.revoke(first, 'app.example.test', 'keyCompromise');
    const report = await world.migrate();
    expect(imported(report)).toMatchObject({
      accounts: [1, 0],
      'orders and their certificates': [2, 0],
      certificates: [2, 0],
    });
    expect(report.remarks.join()).toContain('1 orders without a certificate stayed behind');
    const store = await openRaStore(join(world.to.ra, 'acme.db'));
    world.ending.push(() => store.close());
    expect(await store.findAccountByThumbprint(key.thumbprint)).toMatchObject({
      ...{ id, contact: ['mailto:admin@example.test'], createdAt: Date.parse('2026-03-01T10:00:00.123Z') },
      jwk: key.jwk,
    });
    const found = await store.getOrder('aa11');
    expect(found?.order).toMatchObject({ accountId: id, certificateId: 'aa11', profile: 'webapp' });
    expect(await store.findCertificateBySerial(hexOf(first))).toMatchObject({
      id: 'aa11',
      revocationReason: 1,
    });
    const certificate = await store.findCertificateBySerial(hexOf(second));
    expect(certificate?.revokedAt).toBeNull();
    expect(certificate?.chain.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
  });

  it('leaves out untrusted and unreadable data, and reports this', async () => {
    const { id } = world.python.account();
    world.python.account({ jwk: { kty: 'oct', k: 'AA' } });
    const foreign = createTestPki('Another').leaf({ names: ['x.example.test'] }).cert;
    world.python.order('aa11', id, 'x.example.test', foreign);
    world.python.order('bb22', id, 'y.example.test', 'not PEM');
    world.python.order('cc33', id, '-bad-', world.python.issue('z.example.test'));
    const report = await world.migrate();
    expect(imported(report)).toMatchObject({ accounts: [1, 0] });
    const remarks = report.remarks.join('\n');
    expect(remarks).toMatch(/account .*key is not accepted/);
    expect(remarks).toMatch(/order aa11: its certificate was not signed by this CA/);
    expect(remarks).toMatch(/order bb22: .*left out/);
    expect(remarks).toMatch(/order cc33: .*left out/);
  });

  it('is reached under the names of before', async () => {
    writeFileSync(
      join(world.python.ra, 'ra.crt'),
      world.python.issue('ra.example.test', { names: ['10.0.0.1', 'ra.example.test'] }),
    );
    await world.migrate();
    expect(JSON.parse(readFileSync(join(world.to.ra, 'config.json'), 'utf8'))).toEqual({
      cn: 'ra.example.test',
      sans: ['10.0.0.1'],
    });
  });
});

describe('migrating', () => {
  it('a second time adds what is new, and nothing twice', async () => {
    const { id } = world.python.account();
    const first = world.python.issue('app.example.test', { withKey: true });
    world.python.order('aa11', id, 'app.example.test', first);
    world.python.admin('/CN=alice');
    await world.migrate();
    const second = world.python.issue('other.example.test');
    world.python.order('bb22', id, 'other.example.test', second);
    world.python.revoke(first, 'app.example.test', 'superseded');
    world.python.admin('/CN=bob');
    expect(imported(await world.migrate())).toEqual({
      'CA key and certificate': [0, 1],
      certificates: [1, 1],
      revocations: [1, 0],
      administrators: [1, 1],
      'nodes and their keys': [0, 1],
      accounts: [0, 1],
      'orders and their certificates': [1, 1],
    });
    expect(Object.values(imported(await world.migrate())).every(([now]) => now === 0)).toBe(true);
  });

  it('changes nothing at the source', async () => {
    const { id } = world.python.account();
    world.python.order(
      'aa11',
      id,
      'app.example.test',
      world.python.issue('app.example.test', { withKey: true }),
    );
    const before = world.python.snapshot();
    await world.migrate();
    await world.migrate();
    expect(world.python.snapshot()).toEqual(before);
    expect(Object.keys(before).some((path) => path.endsWith('acme.db-wal'))).toBe(true);
  });

  it('migrates a CA without an RA', async () => {
    world.python.issue('app.example.test');
    await world.migrate({ from: { ca: world.python.ca, ra: null } });
    expect(existsSync(world.to.ra)).toBe(false);
    const store = await openCaStore(join(world.to.ca, 'ca.db'));
    world.ending.push(() => store.close());
    expect(await store.findNewestByCn('app.example.test')).not.toBeNull();
  });

  it('reports its progress', async () => {
    for (const name of ['a', 'b', 'c']) world.python.issue(`${name}.example.test`);
    const told: string[] = [];
    await world.migrate({ progress: (what, done, total) => told.push(`${what} ${done}/${total}`) });
    expect(told).toEqual(['certificates 3/3']);
  });

  it('refuses a folder that is not one of upki-ca or upki-ra, before anything is written', async () => {
    await expect(world.migrate({ from: { ca: world.python.ra, ra: null } })).rejects.toThrow(
      /not a data folder of upki-ca.*ca\.key/,
    );
    await expect(world.migrate({ from: { ca: world.python.ca, ra: world.python.ca } })).rejects.toThrow(
      /not a data folder of upki-ra/,
    );
    expect(existsSync(world.to.ca)).toBe(false);
  });

  it('refuses to put one CA over another', async () => {
    await world.migrate();
    const other = new PythonFolders();
    world.ending.push(() => other.remove());
    await expect(world.migrate({ from: { ca: other.ca, ra: null } })).rejects.toThrow(
      /initialised with another certificate/,
    );
  });
});
