import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makePrivateFolder, readIfThere, writeDurably } from '../../src/lib/files.js';
import { newFolder } from '../../tools/kit/folder.js';

const folder = () => newFolder();
const mode = (path: string) => statSync(path).mode & 0o777;

it('a private file is readable by its owner only, even if a crash left a world-readable draft', async () => {
  const directory = folder();
  const path = join(directory, 'ra.key');
  writeFileSync(`${path}.new`, 'left over', { mode: 0o644 });
  await writeDurably(path, 'secret', 0o600);
  expect(readFileSync(path, 'utf8')).toBe('secret');
  expect(mode(path)).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['ra.key']);
});

it('a file is replaced atomically', async () => {
  const path = join(folder(), 'ra.crt');
  await writeDurably(path, 'a longer first content', 0o644);
  await writeDurably(path, 'short', 0o644);
  expect(readFileSync(path, 'utf8')).toBe('short');
});

it('a folder and the ones above it are accessible by their owner only', async () => {
  const path = join(folder(), 'upki', 'ra');
  await makePrivateFolder(path);
  expect([mode(join(path, '..')), mode(path)]).toEqual([0o700, 0o700]);
});

it('a missing file reads as null', async () => {
  expect(await readIfThere(join(folder(), 'none'))).toBeNull();
});
