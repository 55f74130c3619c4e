import { chmod, stat } from 'node:fs/promises';

/** The mode bits for users other than owner and group. */
const EVERYBODY = 0o007;

/** A file that only its owner may read is readable by others, and its mode cannot be changed. */
export class ModeError extends Error {
  override readonly name = 'ModeError';
}

/**
 * Removes the access of users other than the owner and the group. A missing file is ignored. The group keeps
 * its access, because containers share volumes through a group.
 * @param warn called when the mode was changed, because a user who could read the file may have a copy
 * @throws ModeError naming the file
 */
export async function mendMode(path: string, warn: (sentence: string) => void): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile() || (found.mode & EVERYBODY) === 0) return;
  const mode = (found.mode & 0o777).toString(8);
  try {
    await chmod(path, found.mode & 0o770);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new ModeError(
      `${path} can be read by everybody on this machine (mode ${mode}), and its mode cannot be changed: make it 600. ${why}`,
    );
  }
  warn(
    `${path} could be read by everybody on this machine (mode ${mode}); now it cannot. Who has read it may have a copy: ` +
      'consider replacing what it holds',
  );
}
