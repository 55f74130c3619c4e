import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { cpSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { newFolder } from '../../tools/kit/folder.js';
import { CHECKOUT } from '../../tools/kit/upki.js';

/** A compiler that empties its file, says `half`, writes the file when it hears something, says `whole`, and ends when all is said. */
const COMPILER = `const { mkdirSync, readFileSync, readSync, writeFileSync, writeSync } = require('node:fs');
const at = process.argv.indexOf('--outDir');
const folder = (at < 0 ? '.cache/tools' : process.argv[at + 1]) + '/tools/docs';
mkdirSync(folder, { recursive: true });
writeFileSync(folder + '/main.js', '');
writeSync(1, 'half ');
readSync(0, Buffer.alloc(1));
writeFileSync(folder + '/main.js', "process.stdout.write('it ran')");
writeSync(1, 'whole ');
readFileSync(0);
`;

/** A checkout in which all is built but the tools. */
function checkout(): string {
  const folder = newFolder('checkout');
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  for (const name of ['run.mjs', 'prepare.mjs', 'newest.mjs', 'build.mjs'])
    cpSync(join(CHECKOUT, 'tools', name), join(folder, 'tools', name));
  for (const name of ['tsconfig.json', 'tsconfig.tools.json', 'tsconfig.build.json', 'tsconfig.console.json'])
    write(name, '{}');
  write('package.json', JSON.stringify({ type: 'module' }));
  write('node_modules/typescript/bin/tsc', COMPILER);
  write('src/model.ts', '');
  write('dist/.built', '');
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(folder, 'dist/.built'), later, later);
  return folder;
}

function start(folder: string): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [join(folder, 'tools/run.mjs'), 'docs'], { cwd: folder });
}

async function says(tool: ChildProcessWithoutNullStreams, word: string): Promise<void> {
  for await (const chunk of tool.stdout.iterator({ destroyOnReturn: false }))
    if (String(chunk).includes(word)) return;
}

it('a tool never loads a file that a second start of a tool is compiling', async () => {
  const folder = checkout();
  const first = start(folder);
  first.stdin.write('on');
  await says(first, 'whole');
  const second = start(folder);
  await says(second, 'half');
  first.stdin.end();
  expect(await text(first.stdout)).toBe('it ran');
  second.stdin.end('on');
  expect(await text(second.stdout)).toBe('whole it ran');
});
