import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { type RunningUpki, startUpki } from '../../tools/kit/upki.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

const line = (text: string, label: string) => new RegExp(`^ *${label} +(\\S+)`, 'm').exec(text)?.[1] ?? '';
const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
const DN = 'CN=alice,OU=Admins';

/** A CA that does not run. */
async function initialised(env: NodeJS.ProcessEnv = {}) {
  const folder = newFolder();
  const { code } = await upki(['ca', 'init', '-d', folder], env);
  expect(code).toBe(0);
  const run = (...args: string[]) => upki(['admin', ...args, '-d', folder], env);
  return { folder, run, out: join(newFolder(), 'alice') };
}

describe('upki admin, while no CA runs', () => {
  it('add makes a key and a certificate readable by their owner only, and puts the name on the list', async () => {
    const { run, out } = await initialised();
    const { code, stdout, stderr } = await run('add', 'alice', '--out', out);
    expect([code, stderr]).toEqual([0, '']);
    expect(readdirSync(out).sort()).toEqual(['alice.crt', 'alice.key', 'alice.p12', 'upki-root.crt']);
    for (const name of ['alice.key', 'alice.p12']) expect(statSync(join(out, name)).mode & 0o777).toBe(0o600);
    expect(statSync(out).mode & 0o777).toBe(0o700);

    const [certificate, root] = [join(out, 'alice.crt'), join(out, 'upki-root.crt')];
    openssl('verify', '-purpose', 'sslclient', '-CAfile', root, '-untrusted', certificate, certificate);
    const read = new X509Certificate(readFileSync(certificate));
    expect(read.checkPrivateKey(createPrivateKey(readFileSync(join(out, 'alice.key'))))).toBe(true);
    expect((await run('list')).stdout).toBe(`${DN}\n`);
    expect(stdout).toContain(`${DN} is an administrator.`);
  });

  it('add prints the passphrase of the PKCS #12 file, which openssl reads with it', async () => {
    const { run, out } = await initialised();
    const passphrase = line((await run('add', 'alice', '--out', out)).stdout, 'Passphrase');
    expect(passphrase).toMatch(/^([a-z2-9]{5}-){4}[a-z2-9]{5}$/);
    const text = openssl('pkcs12', '-in', join(out, 'alice.p12'), '-passin', `pass:${passphrase}`, '-nodes');
    expect(text).toContain(readFileSync(join(out, 'alice.key'), 'utf8').trim());
    expect(text).toContain(readFileSync(join(out, 'upki-root.crt'), 'utf8').trim());
  });

  it('add reads the passphrase from a file and prints none; --legacy-p12 uses the format of old keychains', async () => {
    const { run, out, folder } = await initialised();
    const file = join(folder, 'passphrase');
    writeFileSync(file, 'from a file\n');
    const { stdout } = await run('add', 'alice', '--out', out, '--passphrase-file', file, '--legacy-p12');
    expect(stdout).not.toMatch(/passphrase|from a file/i);
    const args = ['pkcs12', '-in', join(out, 'alice.p12'), '-passin', 'pass:from a file', '-info', '-noout'];
    const told = execFileSync('sh', ['-c', 'exec openssl "$@" 2>&1', 'sh', ...args], { encoding: 'utf8' });
    expect(told).toMatch(/MAC: sha1.*pbeWithSHA1And3-KeyTripleDES-CBC/s);
  });

  it('add issues nothing when it would overwrite a file', async () => {
    const { run, out } = await initialised();
    await run('add', 'alice', '--out', out);
    const before = readFileSync(join(out, 'alice.key'));
    const { code, stderr } = await run('add', 'alice', '--out', out);
    expect([code, stderr]).toEqual([78, expect.stringMatching(/alice\.key already exists/)]);
    expect(readFileSync(join(out, 'alice.key'))).toEqual(before);
  });

  it('add writes no file outside its folder, whatever the name', async () => {
    const { run, out } = await initialised();
    expect((await run('add', '../../evil name', '--out', out)).code).toBe(0);
    expect(readdirSync(out).sort()).toEqual([
      '__.._evil_name.crt',
      '__.._evil_name.key',
      '__.._evil_name.p12',
      'upki-root.crt',
    ]);
  });

  it.each([
    ['a name that cannot be', ['add', 'a\u0007b'], 78, /invalid characters/],
    ['a name too long', ['add', 'x'.repeat(65)], 78, /longer than 64/],
    [
      'no passphrase file',
      ['add', 'alice', '--passphrase-file', '/nowhere'],
      78,
      /--passphrase-file is "\/nowhere": there is no such file or folder/,
    ],
    ['who is not on the list', ['remove', 'bob'], 1, /bob is not an administrator/],
    ['what is not a name', ['remove', 'nonsense=1'], 78, /not a name/],
  ])('says in one sentence what is wrong with %s', async (_, args, exit, why) => {
    const { run, out } = await initialised();
    const { code, stderr } = await run(...args, ...(args[0] === 'add' ? ['--out', out] : []));
    expect([code, stderr]).toEqual([exit, expect.stringMatching(why)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('remove accepts either notation, or a common name', async () => {
    const { run, out } = await initialised();
    for (const name of ['alice', DN, '/OU=Admins/CN=alice']) {
      await run('add', 'alice', '--out', join(out, name.replaceAll('/', '_')));
      const { code, stdout } = await run('remove', name);
      expect([code, stdout]).toEqual([0, expect.stringContaining('is no longer an administrator')]);
      expect((await run('list')).stdout).toBe('');
    }
  });

  it('opens a CA with encrypted keys only with its passphrase', async () => {
    const { run, folder, out } = await initialised({ UPKI_CA_PASSPHRASE: 'secret of the CA' });
    expect((await run('add', 'alice', '--out', out)).code).toBe(0);
    const without = await upki(['admin', 'add', 'bob', '-d', folder, '--out', out]);
    expect([without.code, without.stderr]).toEqual([78, expect.stringMatching(/encrypted/)]);
  });

  it('reports that there is no CA', async () => {
    const { code, stderr } = await upki(['admin', 'list', '-d', newFolder()]);
    expect([code, stderr]).toEqual([78, expect.stringMatching(/there is no CA in/)]);
  });
});

describe('upki admin, while upki start runs', () => {
  let running: RunningUpki;
  beforeAll(async () => {
    running = await startUpki({ env: { UPKI_RA_CN: 'localhost' } });
  });
  afterAll(() => running.stop());

  /** Runs the line as a person pastes it. */
  const paste = (command: string) =>
    execFileSync('sh', ['-c', `${command} -sS -w '%{http_code}'`], { encoding: 'utf8' });

  it('prints a curl line that works at once, and is refused at once after remove', async () => {
    const out = join(newFolder(), "ali's files");
    const { stdout } = await upki(['admin', 'add', 'alice', '-d', running.dataDir, '--out', out]);
    const command = /^ *(curl .*)$/m.exec(stdout)?.[1] ?? '';
    expect(command).toContain(running.baseUrl);
    expect(paste(command)).toBe(`{"status":"success","data":[{"dn":"${DN}","role":"admin"}]}200`);

    const certificate = new X509Certificate(readFileSync(join(out, 'alice.crt')));
    expect(certificate.infoAccess).toContain(`http://localhost:${running.ports.http}/`);

    await upki(['admin', 'remove', 'alice', '-d', running.dataDir]);
    expect(paste(command)).toMatch(/"code":"forbidden".*403$/);

    const audit = await upki(['audit', 'verify', '-d', running.dataDir]);
    expect([audit.code, audit.stderr]).toEqual([0, '']);
    const { stdout: records } = await upki(['audit', 'list', '-d', running.dataDir]);
    const told = records
      .split('\n')
      .filter(Boolean)
      .map((record) => JSON.parse(record));
    const { username } = userInfo();
    expect(told).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ program: 'ca', action: 'admin.add', who: `operator ${username}` }),
        expect.objectContaining({
          program: 'ra',
          action: 'GET /private/admins',
          who: DN,
          outcome: 'forbidden',
        }),
      ]),
    );
  });
});
