import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** File in the directory that was backed up. */
const FILE = 'last-backup';

/** Records that a backup of the directory is complete. @throws NodeJS.ErrnoException */
export async function noteBackup(directory: string, at: number): Promise<void> {
  await writeFile(join(directory, FILE), `${new Date(at).toISOString()}\n`, { mode: 0o644 });
}

/**
 * When the last backup of any of the directories completed, in ms since the epoch; null when none is known.
 */
export async function lastBackup(directories: readonly string[]): Promise<number | null> {
  const noted = await Promise.all(
    directories.map((directory) => readFile(join(directory, FILE), 'utf8').catch(() => '')),
  );
  const times = noted.map((text) => Date.parse(text.trim())).filter((time) => Number.isFinite(time));
  return times.length > 0 ? Math.max(...times) : null;
}
