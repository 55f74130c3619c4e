// Runs before `npm start` and `npm test`: installs and builds only if something is missing or older than
// its source, so that a fresh clone needs no other command and a second start takes milliseconds.
// Plain JavaScript because it must run before the TypeScript compiler is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modified, newest } from './newest.mjs';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const stamp = join(dist, '.built');

/** @param {string} what @param {string} command @param {string[]} args */
const run = (what, command, args) => {
  process.stderr.write(`uPKI: ${what} …\n`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    process.stderr.write(`uPKI: ${what} failed${error ? `: ${error.message}` : ''}\n`);
    process.exit(status ?? 1);
  }
};

if (modified(join(root, 'node_modules', '.package-lock.json')) < modified(join(root, 'package-lock.json'))) {
  run('installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
const sources = newest(
  join(root, 'src'),
  ...['tsconfig.build.json', 'tsconfig.console.json', 'tools/build.mjs'].map((file) => join(root, file)),
);
if (modified(stamp) < sources) {
  build(new Date());
}

/**
 * Builds in a temporary folder and renames the result, so that concurrent runs and builds never see half of it.
 * @param {Date} began sources changed later are built next time
 */
function build(began) {
  const draft = join(root, '.cache', `dist.${process.pid}.new`);
  const old = join(root, '.cache', `dist.${process.pid}.old`);
  process.on('exit', () => {
    for (const folder of [draft, old]) rmSync(folder, { recursive: true, force: true });
  });
  run('building', process.execPath, [join(root, 'tools', 'build.mjs'), draft]);
  writeFileSync(join(draft, '.built'), '');
  utimesSync(join(draft, '.built'), began, began);
  try {
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(draft, dist);
  } catch (error) {
    // Another process has just put the same build in place.
    if (!existsSync(dist)) throw error;
  }
}
