import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { lockFolder } from '../../src/programs/lock.js';
import { newFolder } from '../../tools/kit/folder.js';
import { build, upki } from './run.js';

const installation = newFolder();
const backup = join(newFolder(), 'upki.tar');

beforeAll(async () => {
  build();
  await upki(['ca', 'init', '-d', installation]);
  expect(await upki(['backup', backup, '--plain', '-d', installation])).toMatchObject({ code: 0 });
}, 180_000);

/** The environment of a command that dies as by kill -9 at its n-th rename. */
function killedAtRename(n: number): NodeJS.ProcessEnv {
  const code = `import fs from 'node:fs/promises'; import { syncBuiltinESMExports as sync } from 'node:module';
    const rename = fs.rename; let left = ${n};
    fs.rename = async (...paths) => --left > 0 ? rename(...paths) : process.kill(process.pid, 'SIGKILL') && new Promise(() => {});
    sync();`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const remains = (folder: string) =>
  readdirSync(folder).filter((name) => /^\.(restor|backup|upki)/.test(name));

describe('a restore that kill -9 ends', () => {
  it.each([
    // The first rename begins the moves; the others set aside and put in place.
    ['before the first file is set aside', 2],
    ['when some files are in place', 20],
  ])(
    '%s is reported until another restore completes it',
    async (_, rename) => {
      const dataDir = newFolder();
      cpSync(installation, dataDir, { recursive: true });
      const restore = ['restore', backup, '-d', dataDir, '--replace'];
      await upki(restore, killedAtRename(rename));
      expect(remains(dataDir)).toEqual([expect.stringMatching(/^\.restoring-/)]);
      for (const command of [
        ['ca', 'start', '-d', dataDir],
        ['start', '-d', dataDir],
        ['backup', '-', '--plain', '-d', dataDir],
      ]) {
        const refused = { code: 78, stderr: expect.stringMatching(/a restore into .* was interrupted/) };
        expect(await upki(command), command.join(' ')).toMatchObject(refused);
      }
      expect(await upki(restore)).toMatchObject({ code: 0, stderr: expect.any(String) });
      expect(remains(dataDir)).toEqual([]);
      for (const name of ['issuer.key', 'ca.key', 'seed'])
        expect(hash(join(dataDir, name))).toBe(hash(join(installation, name)));
      expect(await upki(['ca', 'status', '-d', dataDir])).toMatchObject({ code: 0 });
      // What was set aside holds keys that are no part of the CA any more.
      const next = await upki(['backup', join(newFolder(), 'b'), '--plain', '-d', dataDir]);
      const count = Number(/complete: (\d+) files/.exec(next.stderr)?.[1]);
      expect(count).toBeLessThanOrEqual(readdirSync(installation, { recursive: true }).length);
    },
    120_000,
  );

  it('before anything was moved leaves the directory as it was; the next start removes the keys', async () => {
    const dataDir = newFolder();
    cpSync(installation, dataDir, { recursive: true });
    await upki(['restore', backup, '-d', dataDir, '--replace'], killedAtRename(1));
    expect(remains(dataDir)).toEqual([expect.stringMatching(/^\.restore-/)]);
    expect(await upki(['ca', 'init', '-d', dataDir])).toMatchObject({ code: 0 });
    expect(remains(dataDir)).toEqual([]);
  }, 60_000);
});

it('the next backup and verification remove the folders of killed ones, and none that is in use', async () => {
  const temporary = newFolder();
  const made = [installation, temporary].flatMap((folder) => {
    const prefix = join(folder, folder === temporary ? 'upki-verify-' : '.backup-');
    return [mkdtempSync(prefix), mkdtempSync(prefix)];
  });
  const inUse = made.filter((_, index) => index % 2 === 0);
  const unlocks = inUse.map((folder) => lockFolder(folder));
  await upki(['backup', join(newFolder(), 'b'), '--plain', '-d', installation]);
  await upki(['backup', 'verify', backup, '--temporary', temporary]);
  const left = [installation, temporary].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^\.backup-|^upki-verify-/.test(name))
      .map((name) => join(folder, name)),
  );
  for (const unlock of unlocks) unlock();
  expect(left).toEqual(inUse);
}, 60_000);

it('of two backups into one file, the second is refused and the first stays', async () => {
  const file = join(newFolder(), 'upki.tar');
  const command = ['backup', file, '--plain', '-d', installation];
  const ends = await Promise.all([upki(command), upki(command)]);
  expect(ends.map(({ code }) => code).sort()).toEqual([0, 78]);
  expect(ends.map(({ stderr }) => stderr).join()).toContain('already exists: a backup never overwrites');
  expect(await upki(['backup', 'verify', file])).toMatchObject({ code: 0 });
}, 60_000);

it('a draft of a killed backup is removed an hour later', async () => {
  const folder = newFolder();
  const [old, young] = ['.upki-0123456789abcdef.partial', '.upki-fedcba9876543210.partial'];
  for (const name of [old, young]) writeFileSync(join(folder, name), '');
  utimesSync(join(folder, old), 0, 0);
  await upki(['backup', join(folder, 'upki.tar'), '--plain', '-d', installation]);
  expect(readdirSync(folder).sort()).toEqual([young, 'upki.tar']);
}, 60_000);

it('a backup into the folders that it backs up is refused', async () => {
  mkdirSync(join(installation, 'backups'), { recursive: true });
  const file = join(installation, 'backups', 'upki.tar');
  expect(await upki(['backup', file, '--plain', '-d', installation])).toMatchObject({
    code: 78,
    stderr: expect.stringMatching(/every backup would contain the ones before it/),
  });
}, 60_000);
