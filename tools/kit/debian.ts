import { join } from 'node:path';
import { run } from './command.js';
import { NotInstallable, type Tools } from './tools.js';

const MINUTE = 60_000;

/** Runs a shell command in a Debian, as root. @param timeout milliseconds */
export type Inside = (command: string, timeout?: number) => Promise<string>;

/** Makes a minimal Debian of the suite in the folder, which must not exist. Needs root. @throws NotInstallable */
export async function freshDebian(root: string, suite: string, tools: Tools): Promise<Inside> {
  const debootstrap = await tools.apt('debootstrap');
  await run(debootstrap, ['--variant=minbase', suite, root], { timeout: 10 * MINUTE }).catch((error) => {
    throw new NotInstallable(`debootstrap: ${error instanceof Error ? error.message : error}`);
  });
  await run('cp', ['/etc/resolv.conf', join(root, 'etc/resolv.conf')]).catch(() => undefined);
  return insideOf(root);
}

/** Commands in a Debian that is there. */
export function insideOf(root: string): Inside {
  const env = {
    DEBIAN_FRONTEND: 'noninteractive',
    LC_ALL: 'C',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
  };
  return (command, timeout = 5 * MINUTE) => run('chroot', [root, '/bin/sh', '-c', command], { timeout, env });
}
