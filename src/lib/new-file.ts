import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { moveDurably, syncFolder, withPath } from './files.js';
import { removedOnSignal } from './remove-on-signal.js';
import { HOUR } from './time.js';

const DRAFT = /^\.upki-[0-9a-f]{16}\.partial$/;
/** A draft that was not written to for this time, in ms, is of a command that was killed. */
const ABANDONED = HOUR;

/** The file exists already. */
export class FileExists extends Error {
  override readonly name = 'FileExists';
}

/**
 * Writes a file that does not exist yet, durably: it has its name only once it is complete. Only its owner may read it. Commands that
 * write the same file at the same time do not meet: the first one gets the name.
 * @throws FileExists, NodeJS.ErrnoException, whatever `write` throws
 */
export async function writeNewFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const folder = dirname(path);
  await removeAbandoned(folder);
  const { path: draft, keep } = removedOnSignal(() =>
    join(folder, `.upki-${randomBytes(8).toString('hex')}.partial`),
  );
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await publish(draft, path);
  } catch (error) {
    if (error instanceof Error && 'path' in error && error.path === draft) Object.assign(error, { path });
    throw withPath(error, path);
  } finally {
    await rm(draft, { force: true }).finally(keep);
  }
}

/** File systems without hard links, such as FAT, report one of these. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

async function publish(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
    await syncFolder(dirname(path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EEXIST') throw new FileExists(`${path} already exists`);
    if (!NO_LINKS.includes(code)) throw error;
    await moveDurably(draft, path);
  }
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!DRAFT.test(name)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > ABANDONED) await rm(path, { force: true });
  }
}
