// Runs before `npm start` and `npm test`: installs and builds only when something is missing or older than
// its source, so that a fresh clone needs no other command and a second start costs milliseconds.
// Plain JavaScript because it must run before the TypeScript compiler is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'dist', '.built');

/** @param {string} path */
const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** @param {string} folder @returns {number} */
const newest = (folder) =>
  Math.max(
    statSync(folder).mtimeMs,
    ...readdirSync(folder, { withFileTypes: true, recursive: true }).map((entry) =>
      modified(join(entry.parentPath ?? entry.path, entry.name)),
    ),
  );

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
const sources = Math.max(newest(join(root, 'src')), modified(join(root, 'tsconfig.build.json')));
if (modified(stamp) < sources) {
  run('building', 'npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json']);
  writeFileSync(stamp, '');
}
