import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';
import { type RunningUpki, startUpki } from '../../tools/kit/upki.js';
import { build, upki } from './run.js';

/** What operators do, with both programs on one PostgreSQL. */

let database: Awaited<ReturnType<typeof createDatabase>>;
let running: RunningUpki;
const dir = newFolder();
const settings = () => ({ UPKI_DATABASE_URL: database.url, UPKI_CA_DATABASE_URL: database.url });

beforeAll(async () => {
  build();
  database = await createDatabase();
  running = await startUpki({ dataDir: dir, env: settings() });
}, 240_000);
afterAll(async () => {
  if (running?.alive()) await running.stop();
  await database?.drop();
});

const run = (...args: string[]) => upki([...args, '-d', dir], settings());
const asked = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout);
const origin = () => new URL(running.directoryUrl).origin;

it('administrators can use their own key, have roles, and lose all access with their removal', async () => {
  const folder = newFolder();
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'ann.key');
  openssl('req', '-new', '-key', 'ann.key', '-subj', '/CN=ignored', '-out', 'ann.csr');
  const made = await run(
    'admin',
    'add',
    'ann',
    '--csr',
    join(folder, 'ann.csr'),
    '--role',
    'auditor',
    '--out',
    folder,
  );
  expect(made.code, made.stderr).toBe(0);
  const bob = join(newFolder(), 'bob');
  expect((await run('admin', 'add', 'bob', '--role', 'operator', '--out', bob)).code).toBe(0);
  const as = (who: string, ...args: string[]) =>
    upki([...args, '--json', '--url', origin()], { UPKI_ADMIN: who });
  const ann = join(folder, 'ann');

  const status = await as(ann, 'status');
  expect(JSON.parse(status.stdout)).toMatchObject({ database: { kind: 'postgresql' }, troubles: [] });
  const refused = await as(ann, 'node', 'add', 'x', '--names', 'x.plant.lan');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('role operator') });
  expect((await as(bob, 'node', 'add', 'x', '--names', 'x.plant.lan')).code).toBe(0);
  expect((await as(bob, 'rules', 'set', 'UPKI_RA_DENY=y.test')).stderr).toContain('role admin');

  const [own] = await asked('cert', 'list', 'bob');
  expect(own).toMatchObject({ profile: 'admin', state: 'good' });
  expect((await run('admin', 'remove', 'bob')).code).toBe(0);
  expect((await asked('cert', 'show', own.serial)).state).toBe('revoked');
  expect((await as(bob, 'node', 'list')).code).toBe(1);
  // The name is back, and the key of before is not.
  expect((await run('admin', 'add', 'bob', '--out', join(newFolder(), 'bob'))).code).toBe(0);
  expect((await as(bob, 'node', 'list')).code).toBe(1);
}, 240_000);

it('registering a node again counts the lost machine’s certificates, and revokes them on request', async () => {
  const node = (...more: string[]) =>
    asked('node', 'add', 'press-17', '--names', 'press-17.plant.lan', ...more);
  const { command } = await node();
  execFileSync('sh', ['-c', command], { cwd: newFolder(), stdio: 'pipe' });
  const [held] = await asked('cert', 'list', '--node', 'press-17');
  expect(held).toMatchObject({ state: 'good' });
  for (const search of [
    ['press-17.plant.lan'],
    ['*.plant.lan'],
    ['--serial', held.serial],
    ['--issuer', 'uPKI Issuing CA'],
  ]) {
    const found = await asked('cert', 'list', ...search);
    expect(
      found.map(({ serial }: { serial: string }) => serial),
      search.join(' '),
    ).toContain(held.serial);
  }
  expect(await asked('cert', 'list', '--issuer', 'nobody')).toEqual([]);
  expect(await node('--replace')).toMatchObject({ still_good: 1, revoked: [] });
  const said = await run('node', 'add', 'press-17', '--names', 'press-17.plant.lan', '--replace');
  expect(said.stdout + said.stderr).toContain('--revoke');
  expect(await node('--replace', '--revoke')).toMatchObject({ still_good: 0, revoked: [held.serial] });
  expect((await asked('cert', 'show', held.serial)).state).toBe('revoked');
  expect((await asked('status')).certificates.revoked).toBeGreaterThan(0);
}, 240_000);

it('the check uses the rules stored in the database', async () => {
  expect((await run('rules', 'set', 'UPKI_RA_DENY=secret.plant.lan')).code).toBe(0);
  const { findings } = await asked('check', 'a.secret.plant.lan');
  expect(findings[0]).toMatchObject({ step: 'policy', ok: false });
  expect((await run('reload')).code).toBe(0);
}, 60_000);
