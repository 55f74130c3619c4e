import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FileExists, writeNewFile } from '../../src/lib/new-file.js';
import { newFolder } from '../../tools/kit/folder.js';

it('a new file has its name when it is complete, and is for its owner only', async () => {
  const path = join(newFolder(), 'file');
  await writeNewFile(path, async (file) => {
    await file.writeFile('whole');
    expect(() => statSync(path)).toThrow(/ENOENT/);
  });
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['whole', 0o600]);
});

it('a file that another command has written meanwhile stays', async () => {
  const folder = newFolder();
  const path = join(folder, 'file');
  const write = writeNewFile(path, async () => writeFileSync(path, 'first'));
  await expect(write).rejects.toThrow(FileExists);
  expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['first', ['file']]);
});

it('a failure leaves nothing, and names the file and not its draft', async () => {
  const folder = newFolder();
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
  const write = writeNewFile(join(folder, 'file'), () => Promise.reject(full));
  await expect(write).rejects.toMatchObject({ code: 'ENOSPC', path: join(folder, 'file') });
  expect(readdirSync(folder)).toEqual([]);
});

it('a folder that takes no file is reported with the name of the file', async () => {
  const path = join('/proc', 'file');
  await expect(writeNewFile(path, async () => {})).rejects.toMatchObject({ path });
});
