import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CannotStart } from '../../src/programs/exit.js';
import { lockDirectory } from '../../src/programs/lock.js';
import { newFolder } from '../../tools/kit/folder.js';
import { collectGarbage } from '../support/garbage.js';

const folder = () => newFolder();

it('a data directory another program holds is refused, naming the variable to change', () => {
  const directory = folder();
  const release = lockDirectory(directory);
  expect(() => lockDirectory(directory, 10)).toThrow(CannotStart);
  expect(() => lockDirectory(directory, 10)).toThrow(/another uPKI runs on .*set UPKI_DATA_DIR/);
  release();
});

it('a data directory is free again once its program let go', () => {
  const directory = folder();
  lockDirectory(directory)();
  expect(() => lockDirectory(directory, 10)()).not.toThrow();
});

it.each([
  [
    'that does not exist',
    (directory: string) => join(directory, 'absent'),
    /absent\/\.lock: there is no such/,
  ],
  [
    'that is a file',
    (directory: string) => join(directory, 'file'),
    /file\/\.lock: a part of this path is a file/,
  ],
  ['below /proc', () => '/proc', /\/proc\/\.lock: .*UPKI_DATA_DIR/],
])('a data directory %s is refused in words', (_, at, sentence) => {
  const directory = folder();
  writeFileSync(join(directory, 'file'), '');
  expect(() => lockDirectory(at(directory), 10)).toThrow(CannotStart);
  expect(() => lockDirectory(at(directory), 10)).toThrow(sentence);
});

it.each([
  ['random octets', Buffer.alloc(8192, 0x5a)],
  ['one octet too few for a header', Buffer.alloc(99, 1)],
  ['text', Buffer.from('locked by 4711\n'.repeat(10))],
])('a lock file that holds %s is named, with what to do', (_, content) => {
  const directory = newFolder();
  writeFileSync(join(directory, '.lock'), content);
  expect(() => lockDirectory(directory, 10)).toThrow(CannotStart);
  expect(() => lockDirectory(directory, 10)).toThrow(/\.lock cannot be locked: .*then remove it/);
});

it('stays locked when the caller keeps no reference to the lock', async () => {
  const directory = newFolder();
  lockDirectory(directory);
  await collectGarbage();
  expect(() => lockDirectory(directory, 10)).toThrow(/another uPKI runs on/);
});
