import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { PythonFolders } from '../python/migrate/python-folders.js';
import { build, upki } from './run.js';

let python: PythonFolders;
beforeAll(() => {
  build();
  python = new PythonFolders();
  python.issue('app.example.test');
}, 120_000);
afterAll(() => python.remove());

describe('upki migrate', () => {
  it('migrates both, prints its progress, and ends with a report', async () => {
    const dir = newFolder();
    const args = ['migrate', '--from-python', python.ca, python.ra, '-d', dir];
    const { code, stdout, stderr } = await upki(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'uPKI: certificates: 1 of 1\n' });
    expect(stdout).toMatch(/^Came over:\n {2}CA key and certificate +1\n {2}certificates +1\n/);
    expect(stdout).toContain(`The CA is in ${join(dir, 'ca')}, the RA in ${join(dir, 'ra')}`);
    const again = await upki(args);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/certificates +0, 1 migrated before/);
  });

  it.each([
    ['into the folder it is to read', () => ['--from-python', python.ca, '-d', python.base]],
    ['into it by another path', () => ['--from-python', python.ca, '-d', linkTo(python.base)]],
  ])('refuses to write %s', async (_, args) => {
    const before = python.snapshot();
    const { code, stderr } = await upki(['migrate', ...args()]);
    expect(code).toBe(78);
    expect(stderr).toMatch(/is also the data directory of uPKI/);
    expect(python.snapshot()).toEqual(before);
  });

  it('names what is missing in a folder that is not one of upki-ca, without a stack trace', async () => {
    const dir = join(newFolder(), 'to');
    const { code, stderr } = await upki(['migrate', '--from-python', newFolder(), '-d', dir]);
    expect(code).toBe(78);
    expect(stderr).toMatch(
      /^uPKI: .* is not a data folder of upki-ca: there is no ca\.key or private\/ca\.key\n$/,
    );
    expect(existsSync(join(dir, 'ca', 'ca.crt'))).toBe(false);
  });

  it('needs the folder to be named', async () => {
    const { code, stderr } = await upki(['migrate']);
    expect(code).toBe(2);
    expect(stderr).toContain('--from-python');
  });
});

function linkTo(folder: string): string {
  const link = join(newFolder(), 'link');
  symlinkSync(folder, link);
  return link;
}
