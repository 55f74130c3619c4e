import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { withPath } from '../lib/files.js';
import { openAudit, verifyAudit } from '../store/index.js';
import { readArchive } from './archive.js';
import { archivedDatabase, type Part } from './layout.js';
import {
  BackupError,
  MANIFEST,
  MAX_MANIFEST,
  type Manifest,
  type ManifestFile,
  parseManifest,
} from './manifest.js';
import { integrityOf } from './snapshot.js';
import { newTemporaryFolder } from './temporary-folder.js';

interface ExtractOptions {
  /** The backup file. */
  file: Readable;
  passphrase: string | null;
  /** An empty folder on a file system with enough space. */
  into: string;
  progress(sentence: string): void;
}

/**
 * Extracts a backup into a folder and compares it with its manifest: exactly the listed files, each with its hash, sound
 * databases, and audit logs with the recorded heads.
 * @throws BackupError naming the fault
 */
export async function extractBackup({ file, passphrase, into, progress }: ExtractOptions): Promise<Manifest> {
  let manifest: Manifest | null = null;
  let expected = new Map<string, ManifestFile>();
  await readArchive(file, passphrase, async ({ path, size }, content) => {
    if (manifest === null) {
      if (path !== MANIFEST || size > MAX_MANIFEST)
        throw new BackupError('the file is no backup of uPKI: it begins without a manifest');
      manifest = parseManifest(await textOf(content));
      expected = new Map(manifest.files.map((each) => [each.path, each]));
      progress(
        `a backup of ${manifest.programs.join(' and ').toUpperCase()} on ${manifest.host}, taken ${manifest.createdAt}`,
      );
      return;
    }
    const known = expected.get(path);
    if (known === undefined || known.size !== size) {
      throw new BackupError(`the backup holds ${path}, which its manifest does not name so`);
    }
    expected.delete(path);
    await writeChecked(content, known, join(into, path));
  });
  if (manifest === null) throw new BackupError('the file is no backup of uPKI');
  const [missing] = expected.keys();
  if (missing !== undefined) throw new BackupError(`the backup was cut off: ${missing} is not in it`);
  await checkDatabases(manifest, into);
  return manifest;
}

/** Checks a backup in the same way and deletes the extracted files. @param temporary a folder with enough space */
export async function verifyBackup(
  options: Omit<ExtractOptions, 'into'>,
  temporary: string,
): Promise<Manifest> {
  const { path: into, keep } = newTemporaryFolder(join(temporary, 'upki-verify-'));
  try {
    return await extractBackup({ ...options, into });
  } finally {
    await rm(into, { recursive: true, force: true }).finally(keep);
  }
}

async function textOf(content: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function writeChecked(
  content: Readable,
  { path, mode, sha256 }: ManifestFile,
  target: string,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const hashed = new Transform({
    transform(chunk, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(
    content,
    hashed,
    createWriteStream(target, { flags: 'wx', mode: mode & 0o770, flush: true }),
  ).catch((error: NodeJS.ErrnoException) => {
    throw error.syscall === 'write' ? withPath(error, target) : error;
  });
  if (hash.digest('hex') !== sha256)
    throw new BackupError(`${path} is not as it was when the backup was taken`);
}

async function checkDatabases({ databases }: Manifest, folder: string): Promise<void> {
  for (const [part, database] of Object.entries(databases) as [
    Part,
    NonNullable<Manifest['databases'][Part]>,
  ][]) {
    if (database.kind !== 'sqlite') continue;
    const name = archivedDatabase(part);
    const complaint = integrityOf(join(folder, name));
    if (complaint !== null) throw new BackupError(`${name} in the backup is damaged: ${complaint}`);
    const reader = await openAudit(join(folder, name), part);
    try {
      const { fault } = await verifyAudit(reader, database.audit);
      if (fault === null) continue;
      const { chain, sequence } = fault.position;
      throw new BackupError(`${name} in the backup: audit record ${chain}:${sequence}: ${fault.reason}`);
    } finally {
      await reader.close();
    }
  }
}
