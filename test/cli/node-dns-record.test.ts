import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { judgeRecord } from '../../src/va/dns-persist-01.js';
import { newFolder } from '../../tools/kit/folder.js';
import { build, upki } from './run.js';

const BASE = 'https://pki.plant.lan:8000';
const ACCOUNT = `${BASE}/acme/account/0193f2`;
let folder: string;
beforeAll(async () => {
  build();
  folder = newFolder();
  await mkdir(join(folder, 'ra'));
  await writeFile(join(folder, 'ra', 'url'), `${BASE}\n`);
});
const record = (...args: string[]) => upki(['node', 'dns-record', ...args, '-d', folder]);

describe('upki node dns-record', () => {
  it.each([
    [['App.Plant.Lan.', '-a', ACCOUNT], 'app.plant.lan', ''],
    [['app.plant.lan', '-a', '0193f2'], 'app.plant.lan', ''],
    [['*.plant.lan', '-a', '0193f2'], 'plant.lan', '; policy=wildcard'],
    [
      ['plant.lan', '-w', '-a', '0193f2', '-u', '2030-01-01'],
      'plant.lan',
      '; policy=wildcard; persistUntil=1893456000',
    ],
  ])('%j', async (args, name, more) => {
    const { stdout, code } = await record(...args);
    const value = `pki.plant.lan; accounturi=${ACCOUNT}${more}`;
    expect({ stdout, code }).toEqual({
      stdout: `_validation-persist.${name}. 3600 IN TXT "${value}"\n`,
      code: 0,
    });
    const isAccount = (uri: string) => uri === ACCOUNT;
    const asked = { issuers: ['pki.plant.lan'], isAccount, wildcard: false, now: 0 };
    expect(judgeRecord(value, asked).kind).toBe('grants');
  });

  it.each([
    [['not a name', '-a', '0193f2'], 'not a name'],
    [['192.0.2.7', '-a', '0193f2'], '192.0.2.7'],
    [['app.plant.lan', '-a', 'mine'], '--account'],
    [['app.plant.lan', '-a', 'https://x/acme/account/1; policy=wildcard'], '--account'],
    [['app.plant.lan', '-a', '0193f2', '-u', 'soon'], '--until'],
    [['app.plant.lan', '-a', '0193f2', '-u', '2027-02-29'], '--until'],
    [['app.plant.lan'], '--account'],
  ])('%j is wrong usage, and says what is', async (args, named) => {
    const { stderr, code } = await record(...args);
    expect(stderr).toContain(named);
    expect(code).toBe(2);
  });

  it('reports that there is no RA', async () => {
    const { stderr, code } = await upki([
      'node',
      'dns-record',
      'a.lan',
      '-a',
      '0193f2',
      '-d',
      join(folder, 'none'),
    ]);
    expect(stderr).toContain('no RA has served');
    expect(code).toBe(78);
  });
});
