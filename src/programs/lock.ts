import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { errorMessage } from '../lib/error-message.js';
import { fileTrouble } from '../lib/file-trouble.js';
import { CannotStart } from './exit.js';
import { removeExtracted, requireWholeRestore } from './interrupted-restore.js';

/** Children of a killed supervisor need a moment to notice and end, in ms. */
const PATIENCE = 3000;

/** A lock that nobody refers to would be released when it is collected. */
const held = new Set<InstanceType<typeof DatabaseSync>>();

/**
 * Locks a data directory until this process ends, because only one process may run its queues. Blocks for up to three seconds, at the
 * start of a program.
 * @returns the function that releases the lock
 * @throws CannotStart when another process holds it, or when a restore into it was interrupted
 */
export function lockDirectory(directory: string, patience = PATIENCE): () => void {
  const unlock = lockFolder(directory, patience);
  try {
    requireWholeRestore(directory);
    removeExtracted(directory);
    return unlock;
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Locks a folder, whatever is in it. The lock is a SQLite lock on a small file; the system releases it when the process ends in any way.
 * @throws CannotStart when another process holds it
 */
export function lockFolder(directory: string, patience = PATIENCE): () => void {
  const lock = openLock(directory, patience);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    const busy = error instanceof Error && /locked|busy/i.test(error.message);
    if (!busy) {
      throw new CannotStart(
        `${join(directory, '.lock')} cannot be locked: ${errorMessage(error)}. It holds no data: end every uPKI on this directory, then remove it.`,
        { cause: error },
      );
    }
    throw new CannotStart(
      `another uPKI runs on ${directory}; end it, or set UPKI_DATA_DIR to another directory`,
    );
  }
  held.add(lock);
  return () => {
    held.delete(lock);
    lock.close();
  };
}

function openLock(directory: string, patience: number): InstanceType<typeof DatabaseSync> {
  const path = join(directory, '.lock');
  try {
    // The error of the system has the reason; SQLite's does not.
    closeSync(openSync(path, 'a', 0o600));
    return new DatabaseSync(path, { timeout: patience });
  } catch (error) {
    throw new CannotStart(
      `${fileTrouble(error) ?? `${path}: ${error}`}; uPKI keeps its data in this directory (UPKI_DATA_DIR)`,
      { cause: error },
    );
  }
}
