import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * For vitest's `globalSetup`: moves all temporary files of a test run into a folder of its own, which
 * is removed at the end. Workers and the programs they start inherit TMPDIR.
 */
export default async function ownTemporaryFolder(): Promise<() => Promise<void>> {
  const outer = process.env.TMPDIR;
  const folder = await mkdtemp(join(tmpdir(), 'upki-'));
  // PostgreSQL does not run as root, and its user must reach its own files in this folder.
  await chmod(folder, 0o711);
  process.env.TMPDIR = folder;
  return async () => {
    if (outer === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = outer;
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
}
