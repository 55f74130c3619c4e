import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, it } from 'vitest';
import { CannotStart } from '../../src/programs/exit.js';
import { lockDirectory } from '../../src/programs/lock.js';

const folder = () => mkdtempSync(join(tmpdir(), 'upki-lock-'));

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

it('a lock file that is no lock is an error of its own', () => {
  const directory = folder();
  new DatabaseSync(join(directory, '.lock')).close();
  expect(() => lockDirectory(join(directory, 'absent'), 10)).not.toThrow(CannotStart);
});
