import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../lib/files.js';
import { LAST_SEEN } from '../../lib/last-seen.js';
import { requireUsable } from '../../lib/usable-file.js';
import { caPaths } from './paths.js';

/**
 * Checks that every file in the CA's folder can be read, except the database, before anything is written. A
 * missing file is no error here.
 * @throws DanglingLink, NodeJS.ErrnoException, both with the path
 */
export async function requireUsableFiles(dataDir: string): Promise<void> {
  // The CA does not need the keys that it made for nodes.
  const { database: _, privateKeys: __, profiles, issuers, ...files } = caPaths(dataDir);
  const inside = await Promise.all([profiles, issuers].map(filesIn));
  for (const path of [...Object.values(files), join(dataDir, LAST_SEEN), ...inside.flat()]) {
    await requireUsable(path);
  }
}

/** Names of files. A folder with such a name is an error. */
const KEY_OR_CERTIFICATE = /\.(key|pem|crt|csr|ya?ml)$/;

/** Paths of a folder's files; empty for a missing folder. */
async function filesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const wanted = entries.filter((entry) => !entry.isDirectory() || KEY_OR_CERTIFICATE.test(entry.name));
    return wanted.map(({ name }) => join(folder, name));
  } catch (error) {
    if (!isMissing(error)) throw error;
    await requireUsable(folder);
    return [];
  }
}
