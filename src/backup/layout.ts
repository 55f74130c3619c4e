import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { caPaths } from '../ca/folder/paths.js';
import { requireWholeRestore } from '../programs/interrupted-restore.js';
import { loadProgramSettings } from '../programs/settings.js';
import { isShared, pathOf } from '../store/index.js';

export type Part = 'ca' | 'ra';

/** A program's folder and the location of its database. */
export interface PartLayout {
  part: Part;
  folder: string;
  /** Path of a SQLite file, or the URL of PostgreSQL. */
  database: string;
}

/** The installation below a directory. */
export interface Installation {
  directory: string;
  /** Laid out by `upki start`: each program in its own folder, with shared files beside them. */
  together: boolean;
  parts: PartLayout[];
}

/** A file small enough to hold in memory: keys, certificates, profiles, settings. */
interface KeptFile {
  path: string;
  mode: number;
  content: Buffer;
}

/** Excluded files: databases, locks, interrupted writes, and files set aside. */
const LEFT_OUT = /(?:\.db(?:-wal|-shm|-journal)?|\.lock(?:-journal)?|\.new|\.partial|\.old)$|\.replaced-/;
const LEFT_OUT_FOLDERS = /^\.(?:backup|restore|restoring)-|\.replaced-/;

/**
 * Finds the programs of a directory: those of `upki start`, or a single one that runs alone.
 * @throws CannotStart after an interrupted restore
 */
export async function findInstallation(directory: string, env: NodeJS.ProcessEnv): Promise<Installation> {
  requireWholeRestore(directory);
  const below = await partsIn(
    [
      ['ca', join(directory, 'ca')],
      ['ra', join(directory, 'ra')],
    ],
    env,
  );
  if (below.length > 0) return { directory, together: true, parts: below };
  const alone = await partsIn(
    [
      ['ca', directory],
      ['ra', directory],
    ],
    env,
  );
  return { directory, together: false, parts: alone };
}

async function partsIn(
  candidates: [part: Part, folder: string][],
  env: NodeJS.ProcessEnv,
): Promise<PartLayout[]> {
  const parts: PartLayout[] = [];
  for (const [part, folder] of candidates) {
    const sign = part === 'ca' ? caPaths(folder).issuer : join(folder, 'ra.crt');
    if (!(await stat(sign).catch(() => null))?.isFile()) continue;
    const { settings } = loadProgramSettings(part, env, { dataDir: folder });
    const set = part === 'ca' ? settings.caDatabaseUrl : settings.databaseUrl;
    const location = set ?? databaseFile(part, folder);
    parts.push({ part, folder, database: isShared(location) ? location : pathOf(location) });
  }
  return parts;
}

/** The default location of a program's database. */
export function databaseFile(part: Part, folder: string): string {
  return part === 'ca' ? caPaths(folder).database : join(folder, 'acme.db');
}

/** The name of a part's database in the archive. */
export function archivedDatabase(part: Part): string {
  return `${part}/${part === 'ca' ? 'ca.db' : 'acme.db'}`;
}

/** Whether a file with this path would be part of the backups of the installation. */
export async function isInside({ directory, together, parts }: Installation, path: string): Promise<boolean> {
  const folder = await realpath(dirname(path));
  if (together && folder === (await realpath(directory))) return true;
  for (const part of parts) {
    const below = relative(await realpath(part.folder), folder);
    if (below !== '..' && !below.startsWith(`..${sep}`)) return true;
  }
  return false;
}

/** All files of an installation except its databases, sorted by their names in the archive. */
export async function filesOf({ directory, together, parts }: Installation): Promise<KeptFile[]> {
  const files: KeptFile[] = [];
  for (const { part, folder } of parts) files.push(...(await filesBelow(folder, part)));
  if (!together) return files;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isFile() && !LEFT_OUT.test(entry.name))
      files.push(await kept(directory, entry.name, entry.name));
  }
  return files;
}

async function filesBelow(folder: string, prefix: string): Promise<KeptFile[]> {
  const files: KeptFile[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = `${prefix}/${entry.name}`;
    if (entry.isDirectory() && !LEFT_OUT_FOLDERS.test(entry.name)) {
      files.push(...(await filesBelow(join(folder, entry.name), path)));
    } else if (entry.isFile() && !LEFT_OUT.test(entry.name)) {
      files.push(await kept(folder, entry.name, path));
    }
  }
  return files.sort((left, right) => (left.path < right.path ? -1 : 1));
}

async function kept(folder: string, name: string, path: string): Promise<KeptFile> {
  const at = join(folder, name);
  const [{ mode }, content] = [await stat(at), await readFile(at)];
  return { path, mode: mode & 0o777, content };
}
