import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AcmeClient } from '../../tools/kit/acme-client.js';
import { newFolder } from '../../tools/kit/folder.js';
import { type RunningUpki, startUpki } from '../../tools/kit/upki.js';
import { build, upki } from './run.js';

let running: RunningUpki;
let dir = '';
const files = newFolder();
const denied = join(files, 'eab.json');
const terms = join(files, 'terms.txt');

beforeAll(async () => {
  build();
  writeFileSync(denied, '{}');
  writeFileSync(terms, 'Be good.');
  dir = newFolder();
  running = await startUpki({ dataDir: dir, env: { UPKI_RA_EAB_FILE: denied, UPKI_RA_TERMS: terms } });
}, 120_000);
afterAll(() => running.alive() && running.stop());

const environment = () => ({
  UPKI_CA_PORT: String(running.ports.ca),
  UPKI_CA_REGISTRATION_PORT: String(running.ports.registration),
  UPKI_RA_PORT: String(running.ports.ra),
  UPKI_RA_HTTP_PORT: String(running.ports.http),
  UPKI_RA_HOST: '127.0.0.1',
});
const run = (...args: string[]) => upki([...args, '-d', dir], environment());
const asked = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout);

describe('upki cert, node, account, failures', () => {
  it('work on the RA’s machine, over its socket', async () => {
    const node = await asked(
      'node',
      'add',
      'press-17',
      '--names',
      'press-17.plant.lan,*.press.plant.lan',
      '--expires',
      '30d',
    );
    expect(node).toMatchObject({ cn: 'press-17', names: ['press-17.plant.lan', '*.press.plant.lan'] });
    expect((await run('node', 'list')).stdout).toContain('press-17');
    const [own] = await asked('cert', 'list', '--profile', 'ra');
    expect((await run('cert', 'show', own.serial)).stdout).toContain(own.serial);
    expect((await run('cert', 'export', own.serial)).stdout).toContain('BEGIN CERTIFICATE');
    expect(await asked('account', 'list')).toEqual([]);
    expect(await asked('failures')).toEqual([]);
  }, 60_000);

  it.each([
    '0d',
    '36501d',
    '99999999999d',
    '1e3d',
    '-1d',
    '30',
    '',
  ])('refuse --expires %j as wrong usage', async (expires) => {
    const { code, stderr } = await run('node', 'add', 'late', `--expires=${expires}`);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`--expires is "${expires}": give a number`)]);
  }, 60_000);

  it('ask before they change something, and exit with 1 when the RA refuses', async () => {
    const unasked = await run('node', 'remove', 'press-17');
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    const none = await run('node', 'remove', 'none', '--yes');
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('no node "none"') });
    expect((await run('cert', 'list', '--state', 'x')).code).toBe(2);
  }, 60_000);

  it('work from elsewhere with --url and an administrator’s files', async () => {
    const out = join(newFolder(), 'alice');
    await upki(['admin', 'add', 'alice', '-d', dir, '--out', out]);
    const url = new URL(running.directoryUrl).origin;
    const { code, stdout } = await upki(['node', 'list', '--json', '--url', url], { UPKI_ADMIN: out });
    expect([code, JSON.parse(stdout)[0].cn]).toEqual([0, 'press-17']);
    expect((await upki(['node', 'list', '--url', url])).code).toBe(2);
  }, 60_000);

  it('status shows everything on one screen, from elsewhere too, and the last backup', async () => {
    const well = await run('status');
    expect(well).toMatchObject({ code: 0, stdout: expect.stringContaining('Everything works.') });
    expect(well.stdout.split('\n').length).toBeLessThan(25);
    expect(Math.max(...well.stdout.split('\n').map(({ length }) => length))).toBeLessThan(160);
    expect(well.stdout).toContain('none by upki backup');
    for (const line of [
      /^RA +\d+\.\d+\.\d+ on .* Node\.js v\d+/m,
      /^CA +\d+\.\d+\.\d+, since/m,
      /^Root +CN=.*until/m,
    ])
      expect(well.stdout).toMatch(line);
    const out = join(newFolder(), 'auditor');
    await upki(['admin', 'add', 'ann', '-d', dir, '--out', out, '--role', 'auditor']);
    const url = new URL(running.directoryUrl).origin;
    const told = await upki(['status', '--json', '--url', url], { UPKI_ADMIN: out });
    expect([told.code, JSON.parse(told.stdout)]).toMatchObject([
      0,
      {
        status: 'well',
        ra: { serving: true, version: expect.any(String) },
        ca: { version: expect.any(String) },
        database: { kind: 'sqlite', write_ms: expect.any(Number) },
        certificates: { good: expect.any(Number), ending: 0, late: 0, revoked: 0, expired: 0 },
        queues: { validations: { running: 0, waiting: 0 }, finalizations: { running: 0, waiting: 0 } },
        notices_waiting: 0,
        troubles: [],
        warnings: [],
      },
    ]);
    await upki(['backup', join(newFolder(), 'b'), '--plain', '-d', dir], environment());
    expect((await asked('status')).last_backup).toMatch(/^\d{4}-\d\d-\d\dT/);
    writeFileSync(join(dir, 'last-backup'), '2020-01-01T00:00:00Z\n');
    expect(await run('status')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/backup is \d+ days old/),
    });
    writeFileSync(join(dir, 'last-backup'), `${new Date().toISOString()}\n`);
  }, 120_000);

  it('status exits with 1 and names the failure while the CA is unreachable', async () => {
    const { ca } = running.pids();
    if (ca === null) throw new Error('the CA does not run');
    process.kill(ca, 'SIGSTOP');
    try {
      const away = await run('status');
      expect(away).toMatchObject({ code: 1, stdout: expect.stringContaining('Something does not work.') });
      expect(away.stdout).toMatch(/^CA +does not answer/m);
    } finally {
      process.kill(ca, 'SIGCONT');
    }
    await expect.poll(async () => (await run('status')).code, { timeout: 60_000 }).toBe(0);
  }, 120_000);

  it('rules are changed while the RA runs, and the check names the one that decided', async () => {
    const denied = ['rules', 'set', 'UPKI_RA_DENY=secret.plant.lan'];
    expect(await run(...denied)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/UPKI_RA_DENY +secret\.plant\.lan +the database/),
    });
    const seen = await run('check', 'a.secret.plant.lan');
    expect(seen).toMatchObject({ code: 1, stdout: expect.stringContaining('denied by "secret.plant.lan"') });
    const wrong = await run('rules', 'set', 'UPKI_RA_LIMIT_ORDERS=many');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('UPKI_RA_LIMIT_ORDERS') });
    expect((await run('rules', 'set', 'nothing')).code).toBe(2);
    expect((await run('rules', 'unset', 'UPKI_RA_DENY')).stdout).not.toContain('the database');
    const { settings } = await asked('rules', 'list');
    expect(settings.find(({ name }: { name: string }) => name === 'UPKI_RA_DENY')).toMatchObject({
      kept: null,
    });
  }, 60_000);

  it('rules about ACME take effect while the RA runs, and end while it runs', async () => {
    const { directoryUrl, rootPem } = running;
    const client = new AcmeClient({ directoryUrl, ca: rootPem, connectTo: '127.0.0.1' });
    await client.newAccount();
    const order = await client.newOrder(['own.plant.lan']);
    const { challenges } = await client.authz(order.body.authorizations[0] ?? '');
    const token = challenges[0]?.token;
    const offered = async () => {
      const base = directoryUrl.replace('/acme/directory', '');
      const path = `${base}/.well-known/acme-challenge/${token}`;
      const served = await client.request('GET', path, { headers: { Host: 'own.plant.lan' } });
      const { json } = await client.request('GET', directoryUrl);
      const identifier = { type: 'dns', value: 'ahead.plant.lan' };
      const ahead = await client.post(`${base}/acme/new-authz`, { identifier }).catch((error) => error);
      return [served.status, ahead.status, 'newAuthz' in (json as object)];
    };
    expect(await offered()).toEqual([404, 404, false]);
    await run('rules', 'set', 'UPKI_RA_HTTP01_NAMES=plant.lan');
    await run('rules', 'set', 'UPKI_RA_PREAUTHORIZATION=true');
    expect(await offered()).toEqual([200, 201, true]);
    await run('rules', 'unset', 'UPKI_RA_HTTP01_NAMES');
    await run('rules', 'unset', 'UPKI_RA_PREAUTHORIZATION');
    expect(await offered()).toEqual([404, 404, false]);

    const page = async () =>
      (await client.request('GET', directoryUrl.replace('directory', 'terms'))).body.toString();
    expect(await page()).toBe('Be good.');
    writeFileSync(terms, 'Be better.');
    await run('reload');
    expect(await page()).toBe('Be better.');
    client.close();
  }, 120_000);

  it('SIGHUP stops nothing; with a wrong file the old rules stay, and the reason is logged', async () => {
    writeFileSync(denied, '{"k": "short"}');
    const wrong = await run('reload');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('"k"') });
    process.kill(running.pids().supervisor, 'SIGHUP');
    expect((await run('node', 'list')).code).toBe(0);
    writeFileSync(denied, '{}');
    expect((await run('reload')).code).toBe(0);
    expect(running.alive()).toBe(true);
  }, 60_000);

  it('work while the programs do not run', async () => {
    await running.stop();
    const stopped = await run('status');
    expect(stopped).toMatchObject({ code: 1, stdout: expect.stringContaining('does not run') });
    expect((await asked('node', 'list'))[0]).toMatchObject({ cn: 'press-17' });
    const removed = await run('node', 'remove', 'press-17', '--yes');
    expect(removed).toMatchObject({ code: 0, stdout: expect.stringContaining('removed') });
    expect(await asked('node', 'list')).toEqual([]);
  }, 90_000);
});
