import { DanglingLink } from './usable-file.js';

/** The system's errors about a file, for an operator. */
const REASONS: Record<string, string> = {
  EACCES: 'this user may not use it; change its owner or its permissions',
  EPERM: 'this user may not use it; change its owner or its permissions',
  EROFS: 'the file system is read-only; mount it writable, or use another directory',
  ENOTDIR: 'a part of this path is a file where a folder is needed',
  EISDIR: 'it is a folder where a file is needed',
  EEXIST: 'it is a file where a folder is needed',
  ENOENT: 'there is no such file or folder',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long for this file system',
  ENOSPC: 'the disk is full',
  EDQUOT: "this user's share of the disk is used up",
  EPIPE: 'it was closed before everything was written',
  EIO: 'the disk cannot be read or written (input/output error)',
  EMFILE: 'this process has too many files open; raise its limit (ulimit -n)',
  ENFILE: 'this machine has too many files open',
};

/**
 * One sentence for an error of the file system that names the file and what to do; null for any other error.
 * @param used the file that was used, for errors that do not say which (a read of an open file)
 */
export function fileTrouble(error: unknown, used?: string): string | null {
  if (isOfWorkingDirectory(error)) return 'the working directory is gone; change to one that exists';
  const path = pathOf(error) ?? used;
  const reason = reasonOf(error);
  return reason === null || path === undefined ? null : `${path}: ${reason}`;
}

/**
 * The reason of an error about a file that the sentence has already named, so without its path. An error
 * about another file comes with that file's path. Null for any other error.
 */
export function fileReason(error: unknown, named: string): string | null {
  return (pathOf(error) ?? named) === named ? reasonOf(error) : fileTrouble(error);
}

function reasonOf(error: unknown): string | null {
  if (error instanceof DanglingLink) return error.reason;
  if (!(error instanceof Error) || !('code' in error)) return null;
  return REASONS[String(error.code)] ?? null;
}

const pathOf = (error: unknown): string | undefined =>
  error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;

/** Whether the working directory does not exist any more: the only error about a folder that has no path. */
const isOfWorkingDirectory = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd';
