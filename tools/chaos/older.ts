import { existsSync } from 'node:fs';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../kit/command.js';
import { NotInstallable } from '../kit/tools.js';
import { CHECKOUT } from '../kit/upki.js';

/** The oldest commit whose RA may run next to this one's: every migration of the RA since then only adds. */
export const OLDEST = '17b31f4';

/** The `main.js` of a build of that commit, from this checkout's history and with its packages. @throws NotInstallable */
export async function olderBuild(commit: string): Promise<string> {
  const folder = join(CHECKOUT, '.cache', 'builds', commit);
  const main = join(folder, 'dist/cli/main.js');
  if (existsSync(main)) return main;
  const making = `${folder}.${process.pid}`;
  await mkdir(making, { recursive: true });
  try {
    const archive = `git -C "$1" archive "$2" src package.json tsconfig.json tsconfig.build.json | tar -x -C "$3"`;
    await run('sh', ['-ec', archive, 'sh', CHECKOUT, commit, making]);
    if (!existsSync(join(making, 'src')))
      throw new NotInstallable(`the history here has no commit ${commit}`);
    await symlink(join(CHECKOUT, 'node_modules'), join(making, 'node_modules'));
    const tsc = join(CHECKOUT, 'node_modules/typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', join(making, 'tsconfig.build.json'), '--noCheck']);
    await rm(folder, { recursive: true, force: true });
    await rename(making, folder);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return main;
}
