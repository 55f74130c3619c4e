import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makePrivateFolder, readIfThere, writeDurably } from '../../src/lib/files.js';

const folder = () => mkdtempSync(join(tmpdir(), 'upki-files-'));
const mode = (path: string) => statSync(path).mode & 0o777;

it('a private file is for its owner only, also when an open draft of it was left by a crash', async () => {
  const directory = folder();
  const path = join(directory, 'ra.key');
  writeFileSync(`${path}.new`, 'left over', { mode: 0o644 });
  await writeDurably(path, 'secret', 0o600);
  expect(readFileSync(path, 'utf8')).toBe('secret');
  expect(mode(path)).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['ra.key']);
});

it('a file is replaced whole', async () => {
  const path = join(folder(), 'ra.crt');
  await writeDurably(path, 'a longer first content', 0o644);
  await writeDurably(path, 'short', 0o644);
  expect(readFileSync(path, 'utf8')).toBe('short');
});

it('a folder and those above it are for their owner only', async () => {
  const path = join(folder(), 'upki', 'ra');
  await makePrivateFolder(path);
  expect([mode(join(path, '..')), mode(path)]).toEqual([0o700, 0o700]);
});

it('a file that is not there reads as null', async () => {
  expect(await readIfThere(join(folder(), 'none'))).toBeNull();
});
