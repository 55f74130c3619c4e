import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { removedOnSignal, type Temporary } from '../lib/remove-on-signal.js';
import { lockFolder } from '../programs/lock.js';

/**
 * A new folder for this command alone, whose name begins with `prefix`. A signal removes it. After kill -9 the next command with this
 * prefix removes it: a lock in the folder shows whether its command runs.
 * @throws NodeJS.ErrnoException
 */
export function newTemporaryFolder(prefix: string): Temporary {
  removeAbandoned(prefix);
  let unlock = () => {};
  const { path, keep } = removedOnSignal(() => {
    const made = mkdtempSync(prefix);
    unlock = lockIfPossible(made);
    return made;
  });
  return {
    path,
    keep: () => {
      keep();
      unlock();
    },
  };
}

/** Some network file systems have no locks: then nobody can tell that a folder there is abandoned. */
function lockIfPossible(folder: string): () => void {
  try {
    return lockFolder(folder, 0);
  } catch {
    return () => {};
  }
}

/** Others may put folders into /tmp, so that only our own are opened. */
function removeAbandoned(prefix: string): void {
  const folder = dirname(prefix);
  for (const name of readdirSync(folder).filter((each) => each.startsWith(basename(prefix)))) {
    const path = join(folder, name);
    try {
      const found = lstatSync(path);
      if (!found.isDirectory() || found.uid !== process.getuid?.()) continue;
      lockFolder(path, 0)();
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Its command runs, or has just ended.
    }
  }
}
