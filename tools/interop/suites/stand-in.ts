import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../kit/until.js';
import { DATA_FOLDER, NEEDED_BY } from '../stand-in/lifetime.js';

/** Milliseconds in which uPKI must end after its stand-in was killed. */
const END_LIMIT = 30_000;

/**
 * Writes a program to the folder that takes Pebble's arguments and runs uPKI behind a shell. Some suites end Pebble with SIGKILL, which
 * a process cannot catch; uPKI sees the shell's death and ends as well.
 * @param name of the file @returns its path
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

/** Resolves when no stand-in with this folder as TMPDIR runs any more. @throws Error if one still does */
export function ended(folder: string): Promise<void> {
  return until(END_LIMIT, async () => {
    const left = (await readdir(folder)).filter((name) => name.startsWith(DATA_FOLDER));
    if (left.length > 0) throw new Error(`${left.length} uPKIs still run, in ${folder}`);
  });
}
