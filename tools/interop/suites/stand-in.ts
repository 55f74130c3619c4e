import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../kit/until.js';
import { DATA_FOLDER, NEEDED_BY } from '../stand-in/lifetime.js';

/** Milliseconds in which uPKI ends whose stand-in was killed. */
const END_LIMIT = 30_000;

/**
 * A program in the folder that takes Pebble's arguments and is uPKI. A shell stays in front of it: some suites end Pebble with SIGKILL, which
 * nobody hears who is killed; behind the shell it is seen, and uPKI ends, too.
 * @param name of the file; answers its path
 */
export async function standIn(folder: string, name = 'pebble'): Promise<string> {
  const program = join(folder, name);
  const main = join(import.meta.dirname, '../stand-in/main.js');
  const script = `#!/bin/sh
${NEEDED_BY}="$$ $PPID" "${process.execPath}" "${main}" "$@" &
trap 'kill $!' INT TERM
wait $!
wait $!
`;
  await writeFile(program, script, { mode: 0o700 });
  return program;
}

/** Resolves when no stand-in runs any more that had this folder as TMPDIR. @throws when one goes on */
export function ended(folder: string): Promise<void> {
  return until(END_LIMIT, async () => {
    const left = (await readdir(folder)).filter((name) => name.startsWith(DATA_FOLDER));
    if (left.length > 0) throw new Error(`${left.length} uPKIs still run, in ${folder}`);
  });
}
