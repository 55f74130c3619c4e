import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadProfiles } from '../../../src/ca/issue/profiles.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { CLIENT_AUTH, SERVER_AUTH } from '../../../tools/kit/test-pki.js';
import { requestPem } from '../../support/requests.js';
import { hexOf } from './python-folders.js';
import { imported, migrationWorld } from './world.js';

const world = migrationWorld();

describe('a migrated CA', () => {
  it('has the same root, under which certificates of before and new ones validate', async () => {
    const before = world.python.issue('old.example.test');
    await world.migrate();
    const ca = await world.serve();
    const root = new X509Certificate(await ca.call('get_ca', {}));
    expect(root.raw).toEqual(new X509Certificate(world.python.pki.root).raw);
    expect(new X509Certificate(before).verify(root.publicKey)).toBe(true);
    const { certificate } = await ca.call('sign', { csr: requestPem(['new.example.test']) });
    const issued = new X509Certificate(certificate);
    expect(issued.verify(root.publicKey)).toBe(true);
    expect(issued.checkIssued(root)).toBe(true);
  });

  it('lists on its CRL what was revoked before, with the reason, and what is revoked now', async () => {
    const [gone, kept] = [world.python.issue('gone.example.test'), world.python.issue('kept.example.test')];
    world.python.revoke(gone, 'gone.example.test', 'keyCompromise');
    await world.migrate();
    const ca = await world.serve();
    await ca.call('revoke', { dn: 'kept.example.test', reason: 'superseded' });
    const crl = parseCrl(Buffer.from(await ca.call('generate_crl', {}), 'base64'));
    expect(crl.entries.map(({ serial, reason }) => [serial, reason]).sort()).toEqual(
      [
        [hexOf(gone), 1],
        [hexOf(kept), 4],
      ].sort(),
    );
    const root = parseCertificate(firstFromPem('CERTIFICATE', world.python.pki.root));
    expect(crl.issuer).toEqual(root.subject);
  });

  it('knows superseded certificates by serial: they can be revoked, and stay on the CRL', async () => {
    const [revoked, superseded] = [
      world.python.issue('app.example.test'),
      world.python.issue('app.example.test'),
    ];
    const newest = world.python.issue('app.example.test');
    world.python.revoke(revoked, 'app.example.test', 'superseded');
    const report = await world.migrate();
    expect(imported(report)).toMatchObject({
      certificates: [1, 0],
      'certificates known by serial only': [2, 0],
    });
    const ca = await world.serve();
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
    world.python.issue('web.example.test', { withKey: true, usages: [SERVER_AUTH, CLIENT_AUTH] });
    world.python.issue('ra.example.test', { usages: [SERVER_AUTH, CLIENT_AUTH], days: 365 });
    world.python.issue('alice', { usages: [CLIENT_AUTH], days: 365, names: [] });
    world.python.issue('bob', { usages: [CLIENT_AUTH], days: 30, names: [] });
    world.python.issue('odd.example.test', { days: 91 });
    world.python.admin('/CN=alice');
    world.python.admin('/CN=alice');
    expect(imported(await world.migrate())).toMatchObject({
      administrators: [1, 0],
      'nodes and their keys': [1, 0],
    });
    const ca = await world.serve();
    expect(await ca.call('list_admins', {})).toEqual(['/CN=alice']);
    expect((await ca.call('list_nodes', {})).map(({ cn }) => cn)).toEqual(['web.example.test']);
    const profile = async (dn: string) => (await ca.call('view', { dn })).profile;
    const names = ['web.example.test', 'ra.example.test', 'alice', 'bob', 'odd.example.test'];
    expect(await Promise.all(names.map(profile))).toEqual(['webapp', 'ra', 'admin', 'user', 'server']);
    const [key = ''] = readdirSync(join(world.to.ca, 'private'));
    expect(key).toBe(`${(await ca.call('view', { dn: 'web.example.test' })).serial}.key`);
  });

  it('has its own profiles, in our terms, and reports what had to change', async () => {
    world.python.write(
      'profiles/Printers.yml',
      'keyType: rsa\nkeyLen: 1024\nduration: 91\ndigest: sha1\naltnames: true\ndomain: ""\n' +
        'subject: {C: FR, O: Acme, CN: "", emailAddress: a@b.c}\nkeyUsage: [digitalSignature]\n' +
        'extendedKeyUsage: [serverAuth]\ncertType: server\n',
    );
    world.python.write('profiles/broken.yml', 'keyUsage: {');
    world.python.write('profiles/empty.yml', '');
    world.python.issue('printer.example.test', { days: 91 });
    const report = await world.migrate();
    expect((await loadProfiles(join(world.to.ca, 'profiles'))).get('printers')).toMatchObject({
      ...{ keyLen: 2048, digest: 'sha256', duration: 91, subject: { C: 'FR', O: 'Acme' } },
    });
    expect(report.remarks.join('\n')).toMatch(/keyLen 1024 became 2048.*digest sha1 became sha256/);
    expect(report.remarks.join('\n')).toMatch(/broken\.yml: .*left out/);
    expect(report.remarks.join('\n')).toMatch(/profile empty was left out/);
    const ca = await world.serve();
    expect((await ca.call('view', { dn: 'printer.example.test' })).profile).toBe('printers');
  });

  it('keeps a seed of 22 characters or more; a shorter one becomes a new one', async () => {
    const seed = () => readFileSync(join(world.to.ca, 'seed'), 'utf8').trim();
    world.python.write('ca.config.yml', `company: Acme\ncrl_validity: 3\nseed: ${'s'.repeat(22)}\n`);
    await world.migrate();
    expect(seed()).toBe('s'.repeat(22));
    expect(readFileSync(join(world.to.ca, 'ca.config.yml'), 'utf8')).toMatch(
      /company: "Acme"\ncrl_validity: 3/,
    );
    world.to = { ...world.to, ca: `${world.to.ca}-2` };
    world.python.write('ca.config.yml', 'seed: short\n');
    const report = await world.migrate();
    expect(seed().length).toBeGreaterThanOrEqual(43);
    expect(report.remarks.join()).toContain('has 5 characters');
  });

  it('is also found where a data directory of its own keeps the key in its storage only', async () => {
    const { ca } = world.python;
    for (const name of ['ca.key', 'ca.crt']) rmSync(join(ca, name));
    await world.migrate();
    expect(existsSync(join(world.to.ca, 'issuer.key'))).toBe(true);
  });
});
