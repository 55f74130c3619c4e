import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { documents } from '../tools/docs/documents.js';
import { unimported } from '../tools/docs/exports.js';
import { FOLDERS } from '../tools/docs/folders.js';
import {
  circles,
  folderGraph,
  folderOf,
  forbidden,
  importsOf,
  readImports,
  sourceFiles,
} from '../tools/docs/imports.js';

const root = join(import.meta.dirname, '..');
const files = sourceFiles(root, ['src', 'tools']);
const imports = readImports(root, files);

it('the table of folders allows every import of src and tools', () => {
  expect(forbidden(imports)).toEqual([]);
});

it('no files import each other in a circle, types included', () => {
  expect(circles(imports)).toEqual([]);
});

it('no folders import each other in a circle, in the table or in fact', () => {
  const lines = Object.keys(FOLDERS);
  for (const [path, { imports }] of Object.entries(FOLDERS)) {
    for (const each of imports.filter((each) => each !== 'src')) {
      expect(lines.indexOf(each), `${path} stands below ${each}`).toBeLessThan(lines.indexOf(path));
      expect(lines).toContain(each);
    }
  }
  expect(circles(folderGraph(imports))).toEqual([]);
});

it('no file of src or tools is longer than 300 lines', () => {
  const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 301);
  expect(long).toEqual([]);
});

it('the tools start programs only through tools/kit', () => {
  const starting = files.filter((file) => /^tools\/.*\.ts$/.test(file) && importsProcesses(file));
  expect(starting.filter((file) => !file.startsWith('tools/kit/'))).toEqual([]);
  expect(starting.length).toBeGreaterThan(0);
});

it('every file has a folder in the table, and every line of the table has files', () => {
  const homes = new Set(files.map((file) => folderOf(file)));
  homes.delete(null);
  expect([...homes].sort()).toEqual(Object.keys(FOLDERS).sort());
  const homeless = files.filter((file) => folderOf(file) === null);
  expect(homeless).toEqual(['tools/build.mjs', 'tools/newest.mjs', 'tools/prepare.mjs', 'tools/run.mjs']);
});

it.each([
  ['src/store/rows/ra/store.ts', "import type { Links } from '../../../acme/links.js';"],
  ['src/http/server.ts', "import { restApi } from '../rest/index.js';"],
  ['src/http/server.ts', "const { restApi } = await import('../rest/index.js');"],
  ['src/model/order.ts', "export * from '../ra/orders.js';"],
  ['src/ca/issue/factory.ts', "import { PythonCa } from '../../python/python-ca.js';"],
  ['src/lib/time.ts', "import '../x509/pem.js';"],
  ['tools/kit/until.ts', "import { shell } from '../../test/support/shell.js';"],
])('an import of %s that crosses the table is found: %s', (file, text) => {
  expect(forbidden(new Map([[file, importsOf(file, text)]]))).toHaveLength(1);
});

it('a circle is found through a file that only re-exports a type', () => {
  const graph = new Map(
    Object.entries({ a: ['b'], b: ['c'], c: ['a', 'd'], d: [] }).map(([from, to]) => [from, new Set(to)]),
  );
  expect(circles(graph)).toEqual([['a', 'b', 'c']]);
});

it('only one function replaces files: it syncs the file before the rename and the folder after it', () => {
  const renames = files.filter(
    (file) => file.startsWith('src/') && /\brename(Sync)?\(/.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(renames).toEqual(['src/lib/files.ts']);
});

it('the generated documents match their sources (npm run docs writes them)', () => {
  for (const { file, text } of documents(root)) expect(readFileSync(file, 'utf8'), file).toBe(text);
});

it('another file imports what a file of src exports', () => {
  const all = sourceFiles(root, ['src', 'test', 'tools']);
  const texts = new Map(all.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  expect(unimported(texts, 'src')).toEqual([]);
});

it.each([
  ['export interface Unused {}', "import { used } from './a.js';"],
  ['export const unused = 1;', "import type { Unused } from './b.js';"],
  ["export { one as other } from './c.js';", "import { one } from './a.js';"],
])('the check finds an export that nobody imports: %s', (text, other) => {
  const texts = new Map([
    ['src/a.ts', text],
    ['src/b.ts', other],
  ]);
  expect(unimported(texts, 'src')).toHaveLength(1);
});

it.each([
  ['export interface Used {}', "import { other, type Used } from '../src/a.js';"],
  ['export async function used() {}', "export { used as handedOn } from '../src/a.js';"],
  ['export class Used {}', "import * as everything from '../src/a.js';"],
  ['export const used = 1;', "const { used } = await import('../src/a.js');"],
])('the check accepts an export that somebody imports: %s', (text, other) => {
  const texts = new Map([
    ['src/a.ts', text],
    ['test/b.ts', other],
  ]);
  expect(unimported(texts, 'src')).toEqual([]);
});

function importsProcesses(file: string): boolean {
  return readFileSync(join(root, file), 'utf8').includes("'node:child_process'");
}
