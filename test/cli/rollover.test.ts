import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCrl } from '../../src/x509/crl.js';
import { newFolder } from '../../tools/kit/folder.js';
import { requestPem } from '../support/requests.js';
import { CaWorld } from '../support/world/ca.js';
import { build, upki } from './run.js';

/** One CA that runs through all of it, while commands are run beside it; the steps build on each other. */
const world = new CaWorld();
let ra: Awaited<ReturnType<CaWorld['registered']>>;
beforeAll(async () => {
  build();
  await world.start();
  ra = await world.registered();
}, 120_000);
afterAll(() => world.close());

const command = (...args: string[]) => upki(['ca', ...args, '-d', world.dataDir]);

async function ok(...args: string[]): Promise<string> {
  const outcome = await command(...args);
  expect({ args, ...outcome }).toMatchObject({ code: 0, stderr: '' });
  return outcome.stdout;
}

const states = async (): Promise<[string, string][]> =>
  (JSON.parse(await ok('status', '--json')) as { kind: string; state: string }[]).map(({ kind, state }) => [
    kind,
    state,
  ]);

const issuerOf = async (name: string): Promise<string> => {
  const { certificate } = await ra.call('sign', { csr: requestPem([name]), profile: 'webapp' });
  return certificate;
};

describe('upki ca status', () => {
  it('shows roots and issuers, their expiry, the place of their keys, and the next steps', async () => {
    expect(await states()).toEqual([
      ['root', 'active'],
      ['issuer', 'active'],
    ]);
    const text = await ok('status');
    expect(text).toMatch(
      /^root [0-9a-f]{20} {2}active\n {2}CN=Test Root CA,O=Test\n {2}from .* to .*; its key is here/,
    );
    expect(text).toMatch(
      /issuer [0-9a-f]{20} {2}active[\s\S]*under the root [0-9a-f]{20}[\s\S]*next: a successor will be made automatically from \d{4}-/,
    );
    expect(text).not.toContain('WARNING');
  });

  it('exits with 78 for a folder without a CA', async () => {
    const outcome = await upki(['ca', 'status', '-d', newFolder()]);
    expect(outcome).toMatchObject({ code: 78, stderr: expect.stringMatching(/there is no CA in/) });
  });
});

describe('upki ca rollover issuer', () => {
  it('makes the next issuer, which the running CA uses at once', async () => {
    expect(await ok('rollover', 'issuer')).toMatch(
      /^The issuer [0-9a-f]{20} signs from now on, until \d{4}-.*; [0-9a-f]{20} no longer issues certificates\.\n$/,
    );
    expect(await states()).toEqual([
      ['root', 'active'],
      ['issuer', 'retiring'],
      ['issuer', 'active'],
    ]);
    const { authorities } = await ra.call('get_authorities', {});
    expect(await issuerOf('a.example.test')).toContain(authorities[2]?.certificate.split('\n')[1]);
  });

  it('after a compromise lists the good certificates, has them renewed now, and revokes the old issuer', async () => {
    const text = await ok('rollover', 'issuer', '--now', '--revoke');
    expect(text).toMatch(
      /which are still valid:\n {2}[0-9a-f]{34} {2}webapp {2}a\.example\.test {2}until \d{4}-/,
    );
    const revoked = /Its certificate \(serial ([0-9a-f]+)\) is revoked: it is now on the root's CRL/.exec(
      text,
    )?.[1];
    const { authorities } = await ra.call('get_authorities', {});
    expect(authorities.filter(({ renew_from }) => renew_from !== undefined)).toHaveLength(1);
    const root = authorities.find(({ kind }) => kind === 'root');
    const crl = parseCrl(Buffer.from(await ra.call('get_crl', { issuer: root?.id ?? '' }), 'base64'));
    expect(crl.entries.map(({ serial, reason }) => [serial, reason])).toEqual([[revoked, 2]]);
    expect(await ok('status')).toMatch(/revoked on \d{4}-/);
  });
});

describe('the names an issuer may certify', () => {
  it('are changed with the next issuer, and lifted with `any`', async () => {
    const refused = () => ra.call('sign', { csr: requestPem(['b.example.test']), profile: 'webapp' });
    await ok('rollover', 'issuer', '--permit', 'plant.lan,10.0.0.0/8');
    await expect(refused()).rejects.toThrow(
      /outside of what the issuer may certify \(plant\.lan, 10\.0\.0\.0\/8/,
    );
    await ok('rollover', 'issuer');
    await expect(refused()).rejects.toThrow(/outside of what the issuer may certify/);
    await ok('rollover', 'issuer', '--permit', 'any');
    await issuerOf('b.example.test');
    const wrong = await command('rollover', 'issuer', '--permit', 'not a name');
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--permit not a name: must be .*mailboxes as @host/),
    });
  });

  it('of an existing CA are not changed by upki ca init, which reports it', async () => {
    const folder = newFolder();
    expect((await upki(['ca', 'init', '-d', folder, '--permit', 'plant.lan'])).stderr).toBe('');
    expect((await upki(['ca', 'init', '-d', folder, '--permit', 'plant.lan'])).stderr).toBe('');
    const { code, stderr } = await upki(['ca', 'init', '-d', folder, '--permit', 'other.lan']);
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /UPKI_CA_PERMIT is other\.lan, which the issuer this CA began with is not limited to/,
      ),
    });
  });
});

describe('upki ca rollover root', () => {
  it('refuses steps out of order in a sentence with 78', async () => {
    expect(await command('rollover', 'root', '--switch')).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/there is no root to switch to: make one with upki ca rollover root/),
    });
    expect(await command('rollover', 'root', '--retire')).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/there is one root only, and it is in use/),
    });
  });

  it('makes the next root, once', async () => {
    expect(await ok('rollover', 'root')).toMatch(
      /was made; it and the old one are published[\s\S]*-----BEGIN CERTIFICATE-----[\s\S]*Once all machines trust it: upki ca rollover root --switch/,
    );
    expect((await states()).filter(([kind]) => kind !== 'issuer')).toEqual([
      ['root', 'active'],
      ['root', 'next'],
      ['cross', 'active'],
      ['cross', 'active'],
    ]);
    expect(await command('rollover', 'root')).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/there are two roots already/),
    });
  });

  it('switches to the new root, and retires the old one', async () => {
    expect(await ok('rollover', 'root', '--switch')).toMatch(
      /^The issuer [0-9a-f]{20} under the root [0-9a-f]{20} signs from now on/,
    );
    expect((await states()).filter(([kind]) => kind === 'root')).toEqual([
      ['root', 'retiring'],
      ['root', 'active'],
    ]);
    expect(await ok('rollover', 'root', '--retire')).toMatch(
      /^The root [0-9a-f]{20} is no longer published\.\n$/,
    );
    const { root } = await ra.call('get_ca_chain', {});
    expect(root.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
    expect(await ok('status')).toMatch(/root [0-9a-f]{20} {2}retired/);
  });

  it('is explained with examples', async () => {
    for (const words of [
      ['status'],
      ['rollover', 'issuer'],
      ['rollover', 'root'],
      ['install'],
      ['root', 'export'],
      ['root', 'sign'],
      ['init'],
    ]) {
      const { code, stdout } = await upki(['ca', ...words, '--help']);
      expect([words, code, stdout]).toEqual([words, 0, expect.stringMatching(/^Examples:\n {2}upki ca /)]);
    }
  });
});

it('another file in the folder is not mistaken for a CA', async () => {
  expect(await upki(['ca', 'rollover', 'issuer', '-d', join(world.dataDir, 'profiles')])).toMatchObject({
    code: 78,
  });
});
