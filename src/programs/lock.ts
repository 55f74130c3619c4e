import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { fileTrouble } from '../lib/file-trouble.js';
import { CannotStart } from './exit.js';

/** A killed predecessor's children need a moment to notice and end. */
const PATIENCE = 3000;

/**
 * Locks a data directory for this process until it ends, however it ends: two programs on one directory would
 * each believe that they alone run its queues. The lock is SQLite's, on a small file; the system releases it.
 * Waits up to three seconds, blocking, as the first thing a program does.
 * @throws CannotStart when another process holds it.
 */
export function lockDirectory(directory: string, patience = PATIENCE): () => void {
  const lock = openLock(directory, patience);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    const busy = error instanceof Error && /locked|busy/i.test(error.message);
    if (!busy) throw error;
    throw new CannotStart(
      `another uPKI runs on ${directory}; end it, or set UPKI_DATA_DIR to another directory`,
    );
  }
  return () => lock.close();
}

function openLock(directory: string, patience: number): InstanceType<typeof DatabaseSync> {
  const path = join(directory, '.lock');
  try {
    // SQLite says only that it cannot open the file; the system says why.
    closeSync(openSync(path, 'a', 0o600));
    return new DatabaseSync(path, { timeout: patience });
  } catch (error) {
    throw new CannotStart(
      `${fileTrouble(error) ?? `${path}: ${error}`}; uPKI keeps its data in this directory (UPKI_DATA_DIR)`,
      { cause: error },
    );
  }
}
