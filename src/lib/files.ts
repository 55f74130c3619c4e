import { mkdir, open, readdir, readFile, rename, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and its parents, for their owner only; an existing folder is left as it is. Folders are made
 * one by one: Node's recursive `mkdir` never ends below a folder that takes no entries and reports ENOENT,
 * such as /proc.
 * @throws NodeJS.ErrnoException with the path
 */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    // A read-only file system reports EROFS even when the folder exists.
    if (code === 'EROFS' && (await isFolder(path))) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path || (await isFolder(above))) throw error;
    await makePrivateFolder(above);
    await mkdir(path, { mode: 0o700 });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

/**
 * Replaces a file in one step that survives a crash: afterwards the file holds the old or the new content,
 * whole. Once this resolves it holds the new content, because the file is synced before the rename and the
 * folder after it.
 */
export async function writeDurably(
  path: string,
  content: string | Uint8Array,
  mode: 0o600 | 0o644,
): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', mode);
  try {
    // `open` keeps the mode of a draft that a crash left behind.
    await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    throw withPath(error, path);
  } finally {
    await file.close();
  }
  await moveDurably(draft, path);
}

/** Whether a file system error says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Adds the path to an error of an open file: the system names none, for example when the disk is full. */
export function withPath(error: unknown, path: string): unknown {
  if (error instanceof Error && 'code' in error && !('path' in error)) Object.assign(error, { path });
  return error;
}

/** Replaces the content of a file. @throws NodeJS.ErrnoException, always with the path */
export async function writeTo(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(path, content).catch((error: unknown) => {
    throw withPath(error, path);
  });
}

/**
 * The text of a file, or null when there is none.
 * @throws NodeJS.ErrnoException, always with the path: the system names none for a folder in the file's place
 */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw withPath(error, path);
  }
}

/** The names in a folder; empty when there is no such folder. @throws NodeJS.ErrnoException */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Whether the path is a file. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}

/** Renames a file or folder durably; both names must be on one file system. @throws NodeJS.ErrnoException */
export async function moveDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  for (const path of new Set([dirname(from), dirname(to)])) await syncFolder(path);
}

/** Makes changes of names in a folder durable. @throws NodeJS.ErrnoException */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

/** Renames a file or folder with a date, so that an operator can still restore it. A missing one is no error. */
export async function setAside(path: string): Promise<void> {
  try {
    await moveDurably(path, `${path}.${new Date().toISOString().replace(/[:.]/g, '-')}.old`);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Octets that an unprivileged process can still write there; null when unknown. */
export async function freeSpace(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}
