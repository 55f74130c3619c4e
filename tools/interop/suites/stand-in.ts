import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A program in the folder that takes Pebble's arguments and is uPKI. @param name of the file; answers its path */
export async function standIn(folder: string, name = 'pebble'): Promise<string> {
  const program = join(folder, name);
  const main = join(import.meta.dirname, '../stand-in/main.js');
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, { mode: 0o700 });
  return program;
}
