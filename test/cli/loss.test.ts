import {
  chmodSync,
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AcmeClient } from '../../tools/kit/acme-client.js';
import type { Outcome } from '../../tools/kit/command.js';
import { newFolder } from '../../tools/kit/folder.js';
import { type RunningUpki, startUpki } from '../../tools/kit/upki.js';
import { build, upki } from './run.js';

/** What was lost under `upki start` is told by name, with 78, and nothing is made in its place. */

let made: { dataDir: string; env: Record<string, string> };
let other: string;
beforeAll(async () => {
  build();
  made = await served();
  other = (await served()).dataDir;
}, 120_000);

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
}, 30_000);

/** A folder from which a CA and an RA with an account have served. */
async function served() {
  const dataDir = newFolder();
  const running = await startUpki({ dataDir });
  const client = new AcmeClient({ directoryUrl: running.directoryUrl, ca: running.rootPem });
  await client.newAccount();
  await client.close();
  const { ra, http, ca, registration } = running.ports;
  await running.stop();
  const env = {
    UPKI_RA_HOST: '127.0.0.1',
    UPKI_RA_PORT: String(ra),
    UPKI_RA_HTTP_PORT: String(http),
    UPKI_CA_PORT: String(ca),
    UPKI_CA_REGISTRATION_PORT: String(registration),
  };
  return { dataDir, env };
}

/** A copy of it, to lose something of. */
function copy(): string {
  const dataDir = newFolder();
  cpSync(made.dataDir, dataDir, { recursive: true });
  ending.push(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

const start = (dataDir: string): Promise<Outcome> =>
  upki(['start'], { ...made.env, UPKI_DATA_DIR: dataDir }, 60_000);

async function serves(dataDir: string, env: Record<string, string> = {}): Promise<RunningUpki> {
  const running = await startUpki({ dataDir, env });
  ending.push(() => running.stop());
  return running;
}

async function refused(dataDir: string, ...expected: (string | RegExp)[]): Promise<void> {
  const { code, stderr } = await start(dataDir);
  for (const each of expected) expect(stderr).toMatch(each);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(code).not.toBe(0);
}

describe('upki start', () => {
  it.each([
    ['ca/ca.db', /ca\.db is missing: it is the database/],
    ['ca/ca.crt', /ca\.crt is missing: it is the root certificate/],
    ['ca/issuer.key', /issuer\.key is missing/],
    ['ca/channel.key', /channel\.key is missing: .*--anew channel\.key/],
    ['ra/ra.key', /ra\.key is missing: it is the TLS key of this RA/],
    ['ra/ra.crt', /ra\.crt is missing.*\n?.*upki ra register -d .* --anew/],
    ['ra/ca.crt', /ra\/ca\.crt is missing/],
    ['ra/channel.key', /ra\/channel\.key is missing/],
    ['ra/acme.db', /acme\.db is missing: .*accounts and orders.*--anew database/],
  ])('without %s ends with its name and makes none', async (name, expected) => {
    const dataDir = copy();
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(dataDir, `${name}${suffix}`), { force: true });
    await refused(dataDir, expected);
    expect(existsSync(join(dataDir, name))).toBe(false);
  });

  it.each([
    ['ra/ra.key', /ra\.crt is not the certificate of the key in .*ra\.key/],
    ['ra/ra.crt', /ra\.crt is not the certificate of the key in/],
    ['ra/ca.crt', /ra is an RA of another CA/],
    ['ra/acme.db', /acme\.db is the database of an RA of another CA/],
    ['ca/ca.db', /ca\.db is the database of another CA/],
    ['ra', /ra is an RA of another CA: its root has the SHA-256/],
    ['ca', /ra is an RA of another CA/],
  ])("with another installation's %s ends with its name", async (name, expected) => {
    const dataDir = copy();
    rmSync(join(dataDir, name), { recursive: true });
    cpSync(join(other, name), join(dataDir, name), { recursive: true });
    await refused(dataDir, expected);
  });

  it('without all of ca/ makes no new root, whether ra/ is there or not', async () => {
    const dataDir = copy();
    rmSync(join(dataDir, 'ca'), { recursive: true });
    await refused(dataDir, /ca holds no CA any more: it held the keys .*Restore it/);
    rmSync(join(dataDir, 'ra'), { recursive: true });
    await refused(dataDir, /ca holds no CA any more/);
    expect(existsSync(join(dataDir, 'ca/ca.crt'))).toBe(false);
  });

  it('without all of ra/ makes a new RA only deliberately', async () => {
    const dataDir = copy();
    renameSync(join(dataDir, 'ra'), join(dataDir, 'away'));
    await refused(dataDir, /ra holds no RA any more: .*upki ra init -d/);
    expect(await upki(['ra', 'init', '-d', join(dataDir, 'ra')])).toMatchObject({ code: 0 });
    await serves(dataDir);
  });

  it('begins with an empty RA database only deliberately', async () => {
    const dataDir = copy();
    truncateSync(join(dataDir, 'ra/acme.db'));
    await refused(dataDir, /acme\.db is empty \(zero length\)/);
    const init = await upki(['ra', 'init', '-d', join(dataDir, 'ra'), '--anew', 'database']);
    expect(init).toMatchObject({ code: 0 });
    await serves(dataDir);
  });

  it('registers its RA again after the channel key was deliberately recreated, and serves', async () => {
    const dataDir = copy();
    rmSync(join(dataDir, 'ca/channel.key'));
    const init = await upki(['ca', 'init', '-d', join(dataDir, 'ca'), '--anew', 'channel.key']);
    expect(init).toMatchObject({ code: 0 });
    await serves(dataDir);
  });

  it('accepts a folder of a version without markers', async () => {
    const dataDir = copy();
    for (const folder of ['', 'ra', 'ca']) rmSync(join(dataDir, folder, 'identity.json'));
    await serves(dataDir);
    for (const folder of ['', 'ra', 'ca'])
      expect(existsSync(join(dataDir, folder, 'identity.json'))).toBe(true);
  });

  it('corrects the mode of a world-readable RA key, and reports this', async () => {
    const dataDir = copy();
    chmodSync(join(dataDir, 'ra/ra.key'), 0o644);
    const lines: string[] = [];
    const running = await startUpki({ dataDir, onOutput: (line) => lines.push(line) });
    ending.push(() => running.stop());
    expect(statSync(join(dataDir, 'ra/ra.key')).mode & 0o007).toBe(0);
    expect(lines.join('\n')).toMatch(/ra\.key could be read by everybody/);
  });
});

describe('upki ca init', () => {
  const init = (dataDir: string, ...args: string[]) =>
    upki(['ca', 'init', '-d', join(dataDir, 'ca'), ...args]);

  it.each([
    ['issuer.crt', /issuer\.crt is missing/],
    ['ca.db', /ca\.db is missing/],
    ['seed', /seed is missing/],
  ])('does not say that all is well without %s', async (name, expected) => {
    const dataDir = copy();
    rmSync(join(dataDir, 'ca', name));
    const { code, stdout, stderr } = await init(dataDir);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toMatch(expected);
  });

  it("does not with another CA's database, a seed too short, or a profile that cannot be used", async () => {
    const dataDir = copy();
    cpSync(join(other, 'ca/ca.db'), join(dataDir, 'ca/ca.db'));
    expect(await init(dataDir)).toMatchObject({ code: 78, stderr: expect.stringMatching(/another CA/) });
    const second = copy();
    writeFileSync(join(second, 'ca/seed'), 'short\n');
    expect(await init(second)).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/ca\/seed: the registration seed/),
    });
    const third = copy();
    writeFileSync(join(third, 'ca/profiles/x.yml'), 'duration: never\n');
    expect(await init(third)).toMatchObject({ code: 78, stderr: expect.stringMatching(/x\.yml/) });
  });

  it('changes nothing at an intact CA, and reports this', async () => {
    const dataDir = copy();
    const before = readFileSync(join(dataDir, 'ca/identity.json'), 'utf8');
    expect(await init(dataDir)).toMatchObject({ code: 0 });
    expect(readFileSync(join(dataDir, 'ca/identity.json'), 'utf8')).toBe(before);
  });
});

describe('upki ra register', () => {
  it('moves an RA to another CA only deliberately', async () => {
    const dataDir = copy();
    const running = await startUpki();
    ending.push(() => running.stop());
    const env = {
      UPKI_CA_SEED_FILE: join(running.dataDir, 'ca/seed'),
      UPKI_CA_PORT: String(running.ports.ca),
      UPKI_CA_REGISTRATION_PORT: String(running.ports.registration),
    };
    const register = (...args: string[]) => upki(['ra', 'register', '-d', join(dataDir, 'ra'), ...args], env);
    const before = readFileSync(join(dataDir, 'ra/ca.crt'), 'utf8');
    expect(await register()).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/nothing was changed/),
    });
    expect(readFileSync(join(dataDir, 'ra/ca.crt'), 'utf8')).toBe(before);
    expect(await register('--anew')).toMatchObject({ code: 0 });
    expect(readFileSync(join(dataDir, 'ra/ca.crt'), 'utf8')).toBe(running.rootPem);
  });
});
