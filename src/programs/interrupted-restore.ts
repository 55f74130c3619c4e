import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CannotStart } from './exit.js';

/** A restore extracts into a folder with this prefix. Nothing in it is in use. */
export const EXTRACTED = '.restore-';
/** It gives the folder this prefix before it moves the first file. The folder is removed after the last. */
export const MOVING = '.restoring-';

/**
 * Refuses a directory in which a restore was interrupted while it moved files: a part of the CA or of the RA may be missing, and a
 * program would make it anew.
 * @throws CannotStart
 */
export function requireWholeRestore(directory: string): void {
  // The folder of a program of `upki start` is below the restored directory.
  for (const folder of [directory, dirname(directory)]) {
    const [found] = namesIn(folder, MOVING);
    if (found === undefined) continue;
    throw new CannotStart(
      `a restore into ${folder} was interrupted, so files may be missing: repeat it with \`upki restore FILE -d ${folder} --replace\`. ` +
        'What was there before is kept under names with .replaced-',
    );
  }
}

/** Removes what interrupted restores have extracted, which includes keys. Only for the holder of the directory's lock. */
export function removeExtracted(directory: string): void {
  for (const name of namesIn(directory, EXTRACTED)) {
    try {
      rmSync(join(directory, name), { recursive: true, force: true });
    } catch {
      // A directory that cannot be written is reported by what needs to write.
    }
  }
}

function namesIn(folder: string, prefix: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}
