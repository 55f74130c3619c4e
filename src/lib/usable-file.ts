import { lstat, open, readlink } from 'node:fs/promises';
import { isMissing } from './files.js';

/** A symbolic link whose target is missing, for example on a volume that is not mounted. */
export class DanglingLink extends Error {
  override readonly name = 'DanglingLink';
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`${path}: ${reason}`);
  }
}

/**
 * Checks that a path is a file that this process can read. A missing file is no error.
 * @throws DanglingLink; NodeJS.ErrnoException with the path, of a folder in the file's place or one that may not be read
 */
export async function requireUsable(path: string): Promise<void> {
  const file = await open(path, 'r').catch(async (error: unknown) => {
    if (!isMissing(error)) throw error;
    const target = await linkTarget(path);
    if (target === null) return null;
    throw new DanglingLink(
      path,
      `it is a symbolic link to ${target}, which is not there: mount or restore what it leads to`,
    );
  });
  if (file === null) return;
  const isFolder = await file
    .stat()
    .then((found) => found.isDirectory())
    .finally(() => file.close());
  if (isFolder) throw Object.assign(new Error(`EISDIR: ${path} is a folder`), { code: 'EISDIR', path });
}

/** The target of a symbolic link; null for any other path. */
async function linkTarget(path: string): Promise<string | null> {
  const found = await lstat(path).catch(() => null);
  return found?.isSymbolicLink() ? readlink(path) : null;
}
