import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { build, upki } from './run.js';

beforeAll(build, 120_000);

describe('the upki command', () => {
  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await upki(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  it('--help --all explains every variable', async () => {
    const { stdout } = await upki(['ra', 'start', '--help']);
    const { code, stdout: all } = await upki(['ra', 'start', '--help', '--all']);
    expect(code).toBe(0);
    expect(all).toContain('UPKI_LOG_LEVEL\n');
    expect(all.length).toBeGreaterThan(stdout.length);
  });

  it.each([
    [['nothing']],
    [['start', '--nothing']],
    [['ra', 'nothing']],
    [['ca', 'nothing']],
    [['config', '--program', 'x']],
  ])('ends %j with 2, as wrong usage', async (args) => {
    const { code, stderr } = await upki(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/error: /);
  });

  it.each([
    [['backup'], 'give the file to write'],
    [['console', '--port', '70000'], '--port is "70000"'],
    [['console', '--url', 'pki.lan'], '--url is "pki.lan"'],
    [['cert', 'list', '--url', 'https://pki.lan'], '--url wants the files of an administrator'],
    [['cert', 'list', '--url', 'pki.lan', '--admin', '/absent'], '--url is "pki.lan"'],
    [['trust', 'install', '--url', 'https://pki.lan'], '--url needs --fingerprint'],
    [['trust', 'install', '--fingerprint', 'AB:CD'], '--fingerprint is "AB:CD"'],
    [['audit', 'list', '--since', 'yesterday'], '--since is "yesterday"'],
    [['audit', 'verify', '--archive-only'], '--archive-only needs --archive'],
  ])('ends %j with 2 and says what must be typed', async (args, sentence) => {
    const { code, stderr } = await upki(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it('an operator command says why the data directory cannot be read', async () => {
    const file = join(newFolder(), 'data');
    writeFileSync(file, '');
    const { code, stderr } = await upki(['status', '-d', file]);
    expect([code, stderr]).toEqual([
      78,
      `uPKI: ${join(file, 'ra')}: a part of this path is a file where a folder is needed\n`,
    ]);
  });

  it.each([
    [['start']],
    [['ra', 'start']],
    [['ra', 'init']],
    [['ca', 'start']],
    [['config']],
  ])('%j refuses a wrong setting with 78, its name, the value and what is allowed', async (args) => {
    const { code, stderr } = await upki(args, { UPKI_DATA_DIR: newFolder(), UPKI_CA_PORT: 'x' });
    expect(code).toBe(78);
    expect(stderr).toContain('UPKI_CA_PORT is "x": it must be a port from 0 to 65535');
  });

  it('warns about a variable it does not know', async () => {
    const { code, stderr } = await upki(['config'], { UPKI_RA_PROT: '1' });
    expect(code).toBe(0);
    expect(stderr).toContain(
      'UPKI_RA_PROT is not a variable of uPKI and was ignored; did you mean UPKI_RA_PORT?',
    );
  });

  it('prints its configuration without secrets', async () => {
    const { stdout } = await upki(['config'], { UPKI_CA_SEED: 'a-secret-seed-of-enough-length' });
    expect(stdout).toContain('UPKI_RA_PORT=8000\n');
    expect(stdout).toContain('UPKI_CA_SEED=(secret)\n');
  });

  it('prints the source of each value in effect, for the folder of -d', async () => {
    const folder = newFolder();
    mkdirSync(`${folder}/ra`);
    writeFileSync(`${folder}/ra/config.json`, '{"profile": "webapp"}');
    const env = { UPKI_RA_PORT: '9000' };
    const { stdout } = await upki(['config', '-d', folder], env);
    expect(stdout).toContain('# from the environment\nUPKI_RA_PORT=9000\n');
    expect(stdout).toContain(`# from ${folder}/ra/config.json\nUPKI_RA_PROFILE=webapp\n`);
    const { stdout: json } = await upki(['config', '-d', folder, '--json'], env);
    expect(JSON.parse(json)).toMatchObject({
      UPKI_RA_PORT: { value: '9000', source: 'the environment' },
      UPKI_RA_PROFILE: { value: 'webapp', source: `${folder}/ra/config.json` },
      UPKI_RA_HTTP: { value: 'true', source: 'default' },
    });
  });

  it('prints the settings of both programs from upki.yml, the derived ones, and those not set', async () => {
    const folder = newFolder();
    const file = `${folder}/upki.yml`;
    writeFileSync(file, 'ra: { url: "https://pki.example.test:9443" }\nca: { crl_validity: 3d }\n');
    const { stdout } = await upki(['config', '-d', folder]);
    expect(stdout).toContain(
      `# from ${file}\nUPKI_RA_URL=https://pki.example.test:9443\nUPKI_CA_CRL_VALIDITY=3d\n`,
    );
    expect(stdout).toContain('# from UPKI_RA_URL\nUPKI_RA_PORT=9443\nUPKI_RA_CN=pki.example.test\n');
    expect(stdout).toContain('# UPKI_RA_ALLOW: every name\n');
    const elsewhere = await upki(['config', '-d', newFolder()], { UPKI_CONFIG: file });
    expect(elsewhere.stdout).toContain('UPKI_CA_CRL_VALIDITY=3d\n');
    expect((await upki(['config'], { UPKI_CONFIG: `${folder}/none.yml` })).code).toBe(78);
  });

  it('refuses an unknown name in upki.yml, also at start', async () => {
    const folder = newFolder();
    writeFileSync(`${folder}/upki.yml`, 'ra_alow: example.test\n');
    for (const args of [['start'], ['config']]) {
      const { code, stderr } = await upki([...args, '-d', folder]);
      expect([args, code]).toEqual([args, 78]);
      expect(stderr).toContain(`ra_alow in ${folder}/upki.yml is not a setting; did you mean ra_allow?`);
    }
  });
});

describe('upki clients', () => {
  /** An RA that has served once. */
  function served(): string {
    const folder = newFolder();
    mkdirSync(`${folder}/ra`);
    writeFileSync(`${folder}/ra/url`, 'https://pki.example.test:8000\n');
    return folder;
  }

  it('prints the commands of only one client, for the requested name', async () => {
    const folder = served();
    const { code, stdout } = await upki(['clients', 'lego', '-n', 'app.plant.lan', '-d', folder]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^LEGO_CA_CERTIFICATES=\S+\/ra\/ca\.crt lego run /);
    expect(stdout).toContain(
      '--server https://pki.example.test:8000/acme/directory --domains app.plant.lan\n',
    );
  });

  it('quotes a name, so that pasting it runs nothing else', async () => {
    const { stdout } = await upki(['clients', 'certbot', '-n', 'x; touch /tmp/y', '-d', served()]);
    expect(stdout).toContain("-d 'x; touch /tmp/y'");
  });

  it('prints all of them as JSON', async () => {
    const { stdout } = await upki(['clients', '--json', '-d', served()]);
    expect(Object.keys(JSON.parse(stdout))).toEqual(['certbot', 'lego', 'acme.sh', 'caddy', 'traefik']);
  });

  it('exits with 2 for an unknown client, and with 78 when no RA has served', async () => {
    expect(await upki(['clients', 'nope', '-d', served()])).toMatchObject({ code: 2 });
    expect(await upki(['clients', '-d', newFolder()])).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('run `upki start` first'),
    });
  });
});

describe('upki ra', () => {
  it('init makes keys readable by their owner only, once', async () => {
    const dir = newFolder();
    expect((await upki(['ra', 'init', '-d', dir])).code).toBe(0);
    const key = readFileSync(`${dir}/ra.key`, 'utf8');
    expect((await upki(['ra', 'init', '-d', dir])).code).toBe(0);
    expect(readFileSync(`${dir}/ra.key`, 'utf8')).toBe(key);
  });

  it.each([
    'listen',
    'start',
    'crl',
  ])('%s says how to register when the RA is not registered', async (name) => {
    const { code, stderr } = await upki(['ra', name, '-d', newFolder()]);
    expect(code).toBe(78);
    expect(stderr).toContain('this RA is not registered with a CA: run `upki ra register');
    expect(stderr).not.toContain('    at ');
  });

  it('register without a CA reports that there is no connection, without a stack', async () => {
    const env = { UPKI_CA_PORT: '1', UPKI_ZMQ_TIMEOUT: '200ms' };
    const seed = 'a-secret-seed-of-enough-length';
    const { code, stderr } = await upki(['ra', 'register', '-d', newFolder(), '-s', seed], env);
    expect(code).toBe(1);
    expect(stderr).toContain('no connection to the CA at tcp://127.0.0.1:2');
    expect(stderr).not.toContain('    at ');
  });
});
