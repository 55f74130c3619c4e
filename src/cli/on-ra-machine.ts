import { join } from 'node:path';
import { CannotStart } from '../programs/exit.js';
import { RaFiles } from '../programs/ra/files.js';

/** Helpers of commands on the RA's machine: its folder, and the URL it has served. */

/** Where an RA may be: `upki start` gives it a folder of its own in the directory; an RA alone uses the directory itself. */
export const raFolders = (directory: string): string[] => [join(directory, 'ra'), directory];

/** The RA that has served from a directory: its base URL and its files. @throws CannotStart with the remedy when there is none */
export async function servedRa(
  directory: string,
  remedy = 'run `upki start` first, or name another directory with -d',
): Promise<{ url: string; files: RaFiles }> {
  for (const folder of raFolders(directory)) {
    const files = new RaFiles(folder);
    const url = await files.url();
    if (url !== null) return { url, files };
  }
  throw new CannotStart(`no RA has served from ${directory}: ${remedy}`);
}
