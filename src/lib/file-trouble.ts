import { DanglingLink } from './usable-file.js';

/** The system's error about a file, for an operator; `path` is the file that could not be used. */
const SENTENCES: Record<string, (path: string) => string> = {
  EACCES: (path) => `${path}: this user may not use it; change its owner or its permissions`,
  EPERM: (path) => `${path}: this user may not use it; change its owner or its permissions`,
  EROFS: (path) => `${path}: the file system is read-only; mount it writable, or use another directory`,
  ENOTDIR: (path) => `${path}: a part of this path is a file where a folder is needed`,
  EISDIR: (path) => `${path}: it is a folder where a file is needed`,
  EEXIST: (path) => `${path}: it is a file where a folder is needed`,
  ENOENT: (path) => `${path}: there is no such file or folder`,
  ELOOP: (path) => `${path}: its symbolic links lead in a circle`,
  ENAMETOOLONG: (path) => `${path}: the name is too long for this file system`,
  ENOSPC: (path) => `${path}: the disk is full`,
  EDQUOT: (path) => `${path}: this user's share of the disk is used up`,
  EIO: (path) => `${path}: the disk cannot be read or written (input/output error)`,
  EMFILE: (path) => `${path}: this process has too many files open; raise its limit (ulimit -n)`,
  ENFILE: (path) => `${path}: this machine has too many files open`,
};

/**
 * One sentence for an error of the file system that names the file and what to do; null for any other error.
 * @param used the file that was used, for errors that do not say which (a read of an open file)
 */
export function fileTrouble(error: unknown, used?: string): string | null {
  if (error instanceof DanglingLink) return error.message;
  if (!(error instanceof Error) || !('code' in error)) return null;
  const { code, path = used, syscall } = error as NodeJS.ErrnoException;
  // Of the system calls without a path, only this one is about a folder.
  if (syscall === 'uv_cwd') return 'the working directory is gone; change to one that exists';
  if (typeof path !== 'string') return null;
  return SENTENCES[String(code)]?.(path) ?? null;
}
