import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadProfiles } from '../../src/ca/profiles.js';
import { runCa } from '../../src/ca/program.js';
import { ChannelClient } from '../../src/channel/client.js';
import { operations } from '../../src/channel/tasks/index.js';
import { TaskClient } from '../../src/channel/typed-client.js';
import { type Migration, migrateFromPython } from '../../src/migrate/from-python.js';
import { openCaStore, openRaStore } from '../../src/store/index.js';
import { parseCertificate } from '../../src/x509/certificate.js';
import { parseCrl } from '../../src/x509/crl.js';
import { firstFromPem } from '../../src/x509/pem.js';
import { requestPem, temporaryFolder } from '../ca/authority-world.js';
import { CLIENT_AUTH, createTestPki, SERVER_AUTH } from '../support/test-pki.js';
import { hexOf, PythonFolders } from './python-folders.js';

const ending: (() => unknown)[] = [];
let python: PythonFolders;
let to: Migration['to'];
beforeEach(async () => {
  python = new PythonFolders();
  const { path, remove } = await temporaryFolder();
  to = { ca: join(path, 'ca'), ra: join(path, 'ra'), caDatabase: null, raDatabase: null };
  ending.push(() => python.remove(), remove);
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

const migrate = (changes: Partial<Migration> = {}) =>
  migrateFromPython({
    from: { ca: python.ca, ra: python.ra },
    to,
    passphrase: null,
    company: 'uPKI',
    progress: () => {},
    clock: Date.now,
    ...changes,
  });

const imported = (report: Awaited<ReturnType<typeof migrate>>) =>
  Object.fromEntries([...report.counts].map(([what, { imported, already }]) => [what, [imported, already]]));

/** The imported CA at work, in clear mode. */
async function serve(): Promise<TaskClient<typeof operations>> {
  const ca = await runCa({
    ...{ dataDir: to.ca, host: '127.0.0.1', operationsPort: 0, registrationPort: null, mode: 'clear' },
    ...{
      clearAny: false,
      databaseUrl: null,
      seed: null,
      passphrase: null,
      company: null,
      databaseUrl: null,
      publicUrl: null,
      crlValidity: 86_400_000,
      ocspValidity: 3_600_000,
    },
    log: pino({ level: 'silent' }),
  });
  const client = new ChannelClient({
    endpoint: `tcp://127.0.0.1:${ca.operationsPort}`,
    security: { mode: 'clear' },
  });
  ending.push(ca.close, () => client.close());
  return new TaskClient(operations, client);
}

describe('a migrated CA', () => {
  it('has the same root, under which certificates of before and new ones validate', async () => {
    const before = python.issue('old.example.test');
    await migrate();
    const ca = await serve();
    const root = new X509Certificate(await ca.call('get_ca', {}));
    expect(root.raw).toEqual(new X509Certificate(python.pki.root).raw);
    expect(new X509Certificate(before).verify(root.publicKey)).toBe(true);
    const { certificate } = await ca.call('sign', { csr: requestPem(['new.example.test']) });
    const issued = new X509Certificate(certificate);
    expect(issued.verify(root.publicKey)).toBe(true);
    expect(issued.checkIssued(root)).toBe(true);
  });

  it('lists on its CRL what was revoked before, with the reason, and what is revoked now', async () => {
    const [gone, kept] = [python.issue('gone.example.test'), python.issue('kept.example.test')];
    python.revoke(gone, 'gone.example.test', 'keyCompromise');
    await migrate();
    const ca = await serve();
    await ca.call('revoke', { dn: 'kept.example.test', reason: 'superseded' });
    const crl = parseCrl(Buffer.from(await ca.call('generate_crl', {}), 'base64'));
    expect(crl.entries.map(({ serial, reason }) => [serial, reason]).sort()).toEqual(
      [
        [hexOf(gone), 1],
        [hexOf(kept), 4],
      ].sort(),
    );
    const root = parseCertificate(firstFromPem('CERTIFICATE', python.pki.root));
    expect(crl.issuer).toEqual(root.subject);
  });

  it('knows superseded certificates by serial: they can be revoked, and stay on the CRL', async () => {
    const [revoked, superseded] = [python.issue('app.example.test'), python.issue('app.example.test')];
    const newest = python.issue('app.example.test');
    python.revoke(revoked, 'app.example.test', 'superseded');
    const report = await migrate();
    expect(imported(report)).toMatchObject({
      certificates: [1, 0],
      'certificates known by serial only': [2, 0],
    });
    const ca = await serve();
    expect(await ca.call('view', { dn: 'app.example.test' })).toMatchObject({
      serial: hexOf(newest),
      status: 'good',
    });
    expect(await ca.call('ocsp_check', { cert: superseded })).toMatchObject({ status: 'good' });
    await ca.call('acme_revoke_certificate', { certificate: superseded, reason: 4 });
    expect(await ca.call('ocsp_check', { serial: `0x${hexOf(superseded)}` })).toMatchObject({
      status: 'revoked',
    });
    const { entries } = parseCrl(Buffer.from(await ca.call('generate_crl', {}), 'base64'));
    expect(entries.map(({ serial }) => serial).sort()).toEqual([hexOf(revoked), hexOf(superseded)].sort());
    await expect(ca.call('renew', { dn: `0x${hexOf(superseded)}` })).rejects.toThrow(/is revoked/);
  });

  it('knows administrators, nodes with their keys, and which profile a certificate is of', async () => {
    python.issue('web.example.test', { withKey: true, usages: [SERVER_AUTH, CLIENT_AUTH] });
    python.issue('ra.example.test', { usages: [SERVER_AUTH, CLIENT_AUTH], days: 365 });
    python.issue('alice', { usages: [CLIENT_AUTH], days: 365, names: [] });
    python.issue('bob', { usages: [CLIENT_AUTH], days: 30, names: [] });
    python.issue('odd.example.test', { days: 91 });
    python.admin('/CN=alice');
    python.admin('/CN=alice');
    expect(imported(await migrate())).toMatchObject({
      administrators: [1, 0],
      'nodes and their keys': [1, 0],
    });
    const ca = await serve();
    expect(await ca.call('list_admins', {})).toEqual(['/CN=alice']);
    expect((await ca.call('list_nodes', {})).map(({ cn }) => cn)).toEqual(['web.example.test']);
    const profile = async (dn: string) => (await ca.call('view', { dn })).profile;
    const names = ['web.example.test', 'ra.example.test', 'alice', 'bob', 'odd.example.test'];
    expect(await Promise.all(names.map(profile))).toEqual(['webapp', 'ra', 'admin', 'user', 'server']);
    const [key = ''] = readdirSync(join(to.ca, 'private'));
    expect(key).toBe(`${(await ca.call('view', { dn: 'web.example.test' })).serial}.key`);
  });

  it('has the profiles of its own, in our terms, and says what had to change', async () => {
    python.write(
      'profiles/Printers.yml',
      'keyType: rsa\nkeyLen: 1024\nduration: 91\ndigest: sha1\naltnames: true\ndomain: ""\n' +
        'subject: {C: FR, O: Acme, CN: "", emailAddress: a@b.c}\nkeyUsage: [digitalSignature]\n' +
        'extendedKeyUsage: [serverAuth]\ncertType: server\n',
    );
    python.write('profiles/broken.yml', 'keyUsage: {');
    python.write('profiles/empty.yml', '');
    python.issue('printer.example.test', { days: 91 });
    const report = await migrate();
    expect((await loadProfiles(join(to.ca, 'profiles'))).get('printers')).toMatchObject({
      ...{ keyLen: 2048, digest: 'sha256', duration: 91, subject: { C: 'FR', O: 'Acme' } },
    });
    expect(report.remarks.join('\n')).toMatch(/keyLen 1024 became 2048.*digest sha1 became sha256/);
    expect(report.remarks.join('\n')).toMatch(/broken\.yml: .*left out/);
    expect(report.remarks.join('\n')).toMatch(/profile empty was left out/);
    const ca = await serve();
    expect((await ca.call('view', { dn: 'printer.example.test' })).profile).toBe('printers');
  });

  it('keeps a seed of 22 characters or more; a shorter one becomes a new one', async () => {
    const seed = () => readFileSync(join(to.ca, 'seed'), 'utf8').trim();
    python.write('ca.config.yml', `company: Acme\ncrl_validity: 3\nseed: ${'s'.repeat(22)}\n`);
    await migrate();
    expect(seed()).toBe('s'.repeat(22));
    expect(readFileSync(join(to.ca, 'ca.config.yml'), 'utf8')).toMatch(/company: "Acme"\ncrl_validity: 3/);
    to = { ...to, ca: `${to.ca}-2` };
    python.write('ca.config.yml', 'seed: short\n');
    const report = await migrate();
    expect(seed().length).toBeGreaterThanOrEqual(43);
    expect(report.remarks.join()).toContain('has 5 characters');
  });

  it('is also found where a data directory of its own keeps the key in its storage only', async () => {
    const { ca } = python;
    const { rmSync } = await import('node:fs');
    for (const name of ['ca.key', 'ca.crt']) rmSync(join(ca, name));
    await migrate();
    expect(existsSync(join(to.ca, 'issuer.key'))).toBe(true);
  });
});

describe('a migrated RA', () => {
  it('has accounts and orders under the ids of before, with certificates and revocations', async () => {
    const { id, key } = python.account();
    const [first, second] = [python.issue('app.example.test'), python.issue('app.example.test')];
    python.order('aa11', id, 'app.example.test', first);
    python.order('bb22', id, 'app.example.test', second);
    python.order('cc33', id, 'pending.example.test', null);
    python.revoke(first, 'app.example.test', 'keyCompromise');
    const report = await migrate();
    expect(imported(report)).toMatchObject({
      accounts: [1, 0],
      'orders and their certificates': [2, 0],
      certificates: [2, 0],
    });
    expect(report.remarks.join()).toContain('1 orders without a certificate stayed behind');
    const store = await openRaStore(join(to.ra, 'acme.db'));
    ending.push(() => store.close());
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

  it('leaves out what is not to be believed or read, and says so', async () => {
    const { id } = python.account();
    python.account({ jwk: { kty: 'oct', k: 'AA' } });
    const foreign = createTestPki('Another').leaf({ names: ['x.example.test'] }).cert;
    python.order('aa11', id, 'x.example.test', foreign);
    python.order('bb22', id, 'y.example.test', 'not PEM');
    python.order('cc33', id, '-bad-', python.issue('z.example.test'));
    const report = await migrate();
    expect(imported(report)).toMatchObject({ accounts: [1, 0] });
    const remarks = report.remarks.join('\n');
    expect(remarks).toMatch(/account .*key is not accepted/);
    expect(remarks).toMatch(/order aa11: its certificate was not signed by this CA/);
    expect(remarks).toMatch(/order bb22: .*left out/);
    expect(remarks).toMatch(/order cc33: .*left out/);
  });

  it('is reached under the names of before', async () => {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(
      join(python.ra, 'ra.crt'),
      python.issue('ra.example.test', { names: ['10.0.0.1', 'ra.example.test'] }),
    );
    await migrate();
    expect(JSON.parse(readFileSync(join(to.ra, 'config.json'), 'utf8'))).toEqual({
      cn: 'ra.example.test',
      sans: ['10.0.0.1'],
    });
  });
});

describe('migrating', () => {
  it('a second time adds what is new, and nothing twice', async () => {
    const { id } = python.account();
    const first = python.issue('app.example.test', { withKey: true });
    python.order('aa11', id, 'app.example.test', first);
    python.admin('/CN=alice');
    await migrate();
    const second = python.issue('other.example.test');
    python.order('bb22', id, 'other.example.test', second);
    python.revoke(first, 'app.example.test', 'superseded');
    python.admin('/CN=bob');
    expect(imported(await migrate())).toEqual({
      'CA key and certificate': [0, 1],
      certificates: [1, 1],
      revocations: [1, 0],
      administrators: [1, 1],
      'nodes and their keys': [0, 1],
      accounts: [0, 1],
      'orders and their certificates': [1, 1],
    });
    expect(Object.values(imported(await migrate())).every(([now]) => now === 0)).toBe(true);
  });

  it('changes nothing at the source', async () => {
    const { id } = python.account();
    python.order('aa11', id, 'app.example.test', python.issue('app.example.test', { withKey: true }));
    const before = python.snapshot();
    await migrate();
    await migrate();
    expect(python.snapshot()).toEqual(before);
    expect(Object.keys(before).some((path) => path.endsWith('acme.db-wal'))).toBe(true);
  });

  it('brings a CA alone', async () => {
    python.issue('app.example.test');
    await migrate({ from: { ca: python.ca, ra: null } });
    expect(existsSync(to.ra)).toBe(false);
    const store = await openCaStore(join(to.ca, 'ca.db'));
    ending.push(() => store.close());
    expect(await store.findNewestByCn('app.example.test')).not.toBeNull();
  });

  it('tells how far it is', async () => {
    for (const name of ['a', 'b', 'c']) python.issue(`${name}.example.test`);
    const told: string[] = [];
    await migrate({ progress: (what, done, total) => told.push(`${what} ${done}/${total}`) });
    expect(told).toEqual(['certificates 3/3']);
  });

  it('refuses a folder that is not one of upki-ca or upki-ra, before anything is written', async () => {
    await expect(migrate({ from: { ca: python.ra, ra: null } })).rejects.toThrow(
      /not a data folder of upki-ca.*ca\.key/,
    );
    await expect(migrate({ from: { ca: python.ca, ra: python.ca } })).rejects.toThrow(
      /not a data folder of upki-ra/,
    );
    expect(existsSync(to.ca)).toBe(false);
  });

  it('refuses to put one CA over another', async () => {
    await migrate();
    const other = new PythonFolders();
    ending.push(() => other.remove());
    await expect(migrate({ from: { ca: other.ca, ra: null } })).rejects.toThrow(
      /initialised with another certificate/,
    );
  });
});
