import { join } from 'node:path';
import { caPaths } from '../../ca/folder/files.js';
import { readIfThere } from '../../lib/files.js';
import { CannotStart } from '../exit.js';
import { commonDirectory } from '../settings.js';

/**
 * The folder of the CA on this machine: `upki start` gives it a folder of its own in the directory; a CA alone uses the directory
 * itself.
 * @throws CannotStart when there is none
 */
export async function caFolder(env: NodeJS.ProcessEnv, flag: string | undefined): Promise<string> {
  const directory = commonDirectory(env, flag);
  for (const folder of [join(directory, 'ca'), directory]) {
    if ((await readIfThere(caPaths(folder).issuer)) !== null) return folder;
  }
  throw new CannotStart(
    `there is no CA in ${directory}: run this on the CA's machine, with -d or UPKI_DATA_DIR naming its directory`,
  );
}
