// What is newer than what: how prepare.mjs and run.mjs know that something must be built again.
// Plain JavaScript because it runs before anything is compiled.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** When a file was written, in milliseconds; 0 if there is none. @param {string} path */
export const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** When something in the folders last changed, or one of the files. @param {string[]} paths */
export const newest = (...paths) =>
  Math.max(
    ...paths.flatMap((path) => [
      modified(path),
      ...(statSync(path).isDirectory() ? entriesOf(path) : []).map(modified),
    ]),
  );

/** @param {string} folder */
const entriesOf = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true }).map((entry) =>
    join(entry.parentPath ?? entry.path, entry.name),
  );
