import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningUpki, startUpki } from '../../tools/kit/upki.js';
import { build, newFolder, upki } from './run.js';

let running: RunningUpki;
let dir = '';
const denied = join(newFolder(), 'eab.json');

beforeAll(async () => {
  build();
  writeFileSync(denied, '{}');
  dir = newFolder();
  running = await startUpki({ dataDir: dir, env: { UPKI_RA_EAB_FILE: denied } });
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
  it('work on the machine of the RA, over its socket', async () => {
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

  it('ask before they change something, and end with 1 when the RA refuses', async () => {
    const unasked = await run('node', 'remove', 'press-17');
    expect(unasked).toMatchObject({ code: 78, stderr: expect.stringContaining('--yes') });
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
    expect((await upki(['node', 'list', '--url', url])).code).toBe(78);
  }, 60_000);

  it('SIGHUP ends nothing, and a wrong file keeps the old rules and says why', async () => {
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
    expect((await asked('node', 'list'))[0]).toMatchObject({ cn: 'press-17' });
    const removed = await run('node', 'remove', 'press-17', '--yes');
    expect(removed).toMatchObject({ code: 0, stdout: expect.stringContaining('removed') });
    expect(await asked('node', 'list')).toEqual([]);
  }, 90_000);
});
