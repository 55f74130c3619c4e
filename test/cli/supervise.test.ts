import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { importsOf } from '../../tools/docs/imports.js';

const root = join(import.meta.dirname, '../..');

/** Everything a file loads: files from the root, and packages. */
function loadedBy(file: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  const text = readFileSync(join(root, file), 'utf8');
  for (const [, name = ''] of text.matchAll(/\bfrom '([^.][^']*)'/g)) loaded.add(name);
  for (const each of importsOf(file, text)) loadedBy(each, loaded);
  return loaded;
}

it('the supervisor of upki start loads no package but the one of its lock, and no settings', () => {
  const loaded = [...loadedBy('src/cli/supervise.ts')].filter((each) => !each.startsWith('node:'));
  expect(loaded.filter((each) => !each.startsWith('src/'))).toEqual(['@photostructure/sqlite']);
  expect(loaded.filter((each) => /^src\/(config|store|model|x509|ca|ra)\//.test(each))).toEqual([]);
  expect(loaded).toContain('src/programs/supervisor.ts');
});

it('a command that is not start loads the settings: the check above can fail', () => {
  expect([...loadedBy('src/cli/program.ts')]).toContain('zod');
});
