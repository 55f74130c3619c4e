// `node tools/build.mjs FOLDER`: compiles the program and the console, and copies the console's libraries next to it, so that the
// installed package is complete. Plain JavaScript because it runs before anything is compiled.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? 'dist');
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/** The modules named in the import map of src/console/static/index.html. */
const VENDOR = {
  'preact.mjs': 'preact/dist/preact.mjs',
  'hooks.mjs': 'preact/hooks/dist/hooks.mjs',
  'htm.mjs': 'htm/dist/htm.mjs',
  'htm-preact.mjs': 'htm/preact/index.mjs',
};

compile('tsconfig.build.json', out);
const pages = join(out, 'console');
compile('tsconfig.console.json', pages);
cpSync(join(root, 'src', 'console', 'static'), pages, { recursive: true });
mkdirSync(join(pages, 'vendor'), { recursive: true });
for (const [name, from] of Object.entries(VENDOR)) {
  cpSync(join(root, 'node_modules', from), join(pages, 'vendor', name));
}

/** @param {string} project @param {string} folder */
function compile(project, folder) {
  const args = [tsc, '-p', join(root, project), '--outDir', folder];
  const { status, error } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) {
    process.stderr.write(`tsc -p ${project} failed${error ? `: ${error.message}` : ''}\n`);
    process.exit(status ?? 1);
  }
}
