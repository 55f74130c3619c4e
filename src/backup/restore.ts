import { mkdtempSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { moveDurably } from '../lib/files.js';
import { removedOnSignal } from '../lib/remove-on-signal.js';
import { CannotStart } from '../programs/exit.js';
import { EXTRACTED, MOVING, removeExtracted } from '../programs/interrupted-restore.js';
import { lockFolder } from '../programs/lock.js';
import { databaseFile, type Part } from './layout.js';
import type { Manifest } from './manifest.js';
import { noteRestored } from './restored.js';
import { extractBackup } from './verify.js';

interface RestoreOptions {
  file: Readable;
  passphrase: string | null;
  /** Directory of the restored installation. */
  directory: string;
  /** Whether existing files are set aside; otherwise they are an error. */
  replace: boolean;
  progress(sentence: string): void;
  clock(): number;
}

interface Restored {
  manifest: Manifest;
  /** New paths of the files that were set aside. */
  setAside: string[];
}

/**
 * Restores a backup completely or not at all: extracts and checks it next to its destination, and moves it there last. No program
 * starts in a directory in which the moves were interrupted; another restore completes it. Each database records the times of the
 * backup and of the restore, because it lacks everything between them.
 * @throws CannotStart when a program runs there or the destination is not empty; BackupError
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { file, passphrase, directory, replace, progress, clock } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const unlock = await lockAll(directory);
  removeExtracted(directory);
  const { path: extracted, keep } = removedOnSignal(() => mkdtempSync(join(directory, EXTRACTED)));
  try {
    const manifest = await extractBackup({ file, passphrase, into: extracted, progress });
    await noteRestored(extracted, manifest, clock());
    const taken: string[] = [];
    for (const { to } of await movesOf(extracted, directory, manifest)) if (await isTaken(to)) taken.push(to);
    if (taken.length > 0 && !replace) {
      throw new CannotStart(
        `${taken.join(' and ')} ${taken.length === 1 ? 'is' : 'are'} there already: restore into an empty directory, or give ` +
          '--replace to set aside what is there',
      );
    }
    // From here on the folder has what is not yet in place.
    keep();
    const setAside = await putInPlace(extracted, directory, manifest, taken, clock());
    return { manifest, setAside };
  } finally {
    await rm(extracted, { recursive: true, force: true }).finally(keep);
    unlock();
  }
}

/** Moves the extracted files to their places. Returns the new paths of those that were set aside. */
async function putInPlace(
  extracted: string,
  directory: string,
  manifest: Manifest,
  taken: readonly string[],
  now: number,
): Promise<string[]> {
  const interrupted = (await readdir(directory)).filter((name) => name.startsWith(MOVING));
  const moving = join(directory, MOVING + basename(extracted).slice(EXTRACTED.length));
  await moveDurably(extracted, moving);
  for (const name of interrupted) await rm(join(directory, name), { recursive: true });
  const moves = await movesOf(moving, directory, manifest);
  const suffix = `.replaced-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  const setAside: string[] = [];
  for (const path of new Set([...taken, ...(await leftovers(moves, manifest))])) {
    await moveDurably(path, path + suffix);
    setAside.push(path + suffix);
  }
  for (const { from, to } of moves) {
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    await moveDurably(from, to);
  }
  await rm(moving, { recursive: true });
  return setAside;
}

interface Move {
  from: string;
  to: string;
}

/** Folders of `upki start` move as a whole; the files of a single program move into its directory. */
async function movesOf(
  staging: string,
  directory: string,
  { together, programs }: Manifest,
): Promise<Move[]> {
  const move = (from: string, name: string): Move => ({ from: join(from, name), to: join(directory, name) });
  if (together) return (await readdir(staging)).map((name) => move(staging, name));
  const moves: Move[] = [];
  for (const part of programs) {
    for (const name of await readdir(join(staging, part))) moves.push(move(join(staging, part), name));
  }
  return moves;
}

/** Whether something exists at the path. An empty folder, such as a container's volume, does not count. */
async function isTaken(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found === null) return false;
  if (!found.isDirectory() || (await readdir(path)).some((name) => !/^\.lock/.test(name))) return true;
  await rm(path, { recursive: true });
  return false;
}

/** Write-ahead logs of a replaced database: SQLite would apply them to the new one. */
async function leftovers(moves: Move[], { together, programs }: Manifest): Promise<string[]> {
  if (together) return [];
  const [first] = moves;
  if (first === undefined) return [];
  const found: string[] = [];
  for (const part of programs as Part[]) {
    const file = databaseFile(part, dirname(first.to));
    for (const suffix of ['-wal', '-shm']) {
      if ((await stat(`${file}${suffix}`).catch(() => null)) !== null) found.push(`${file}${suffix}`);
    }
  }
  return found;
}

/** Locks out `upki start` and both programs during the restore. @throws CannotStart */
async function lockAll(directory: string): Promise<() => void> {
  const unlocks: (() => void)[] = [];
  const unlock = () => {
    for (const each of unlocks.reverse()) each();
  };
  try {
    for (const folder of [directory, join(directory, 'ca'), join(directory, 'ra')]) {
      if ((await stat(folder).catch(() => null))?.isDirectory()) unlocks.push(lockFolder(folder));
    }
    return unlock;
  } catch (error) {
    unlock();
    throw error;
  }
}
