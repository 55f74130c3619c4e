import { createHash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { isShared, openAudit, verifyAudit } from '../store/index.js';
import { type Entry, hashOf, writeArchive } from './archive.js';
import { archivedDatabase, filesOf, type Installation, type PartLayout } from './layout.js';
import { type AuditHead, BackupError, MANIFEST, type Manifest } from './manifest.js';
import { Snapshot } from './snapshot.js';
import { newTemporaryFolder } from './temporary-folder.js';

interface CreateOptions {
  installation: Installation;
  /** Null leaves the backup unencrypted. */
  passphrase: string | null;
  /** Version of this program. */
  version: string;
  /** Receives each step as a sentence. */
  progress(sentence: string): void;
  clock(): number;
}

/** A backup that is ready to be written. */
interface MadeBackup {
  manifest: Manifest;
  stream: Readable;
  /** Removes the copies of the databases; call it after the stream has ended. */
  discard(): Promise<void>;
}

/**
 * Takes the backup of an installation while it runs: first its files, then a snapshot of the RA's database, then one of the
 * CA's. This order keeps them consistent: the CA's database has every certificate of the RA's, and every issuer in the folder.
 * @throws BackupError, StoreUnavailable, StoreRefused
 */
export async function createBackup(options: CreateOptions): Promise<MadeBackup> {
  const { installation, passphrase, version, progress, clock } = options;
  const { directory, together, parts } = installation;
  if (parts.length === 0) throw new BackupError(`there is neither a CA nor an RA in ${directory}`);
  const kept = await filesOf(installation);
  progress(`${kept.length} files: keys, certificates, profiles and settings`);
  const { path: temporary, keep } = newTemporaryFolder(join(directory, '.backup-'));
  const discard = () => rm(temporary, { recursive: true, force: true }).finally(keep);
  try {
    const order: readonly PartLayout[] = [...parts].sort((left) => (left.part === 'ra' ? -1 : 1));
    const files = order.filter(({ database }) => !isShared(database));
    const snapshots = files.map((layout) => ({ layout, snapshot: Snapshot.take(layout.database) }));
    const createdAt = new Date(clock()).toISOString();
    const entries: Entry[] = kept.map(({ path, mode, content }) => ({
      path,
      mode,
      size: content.length,
      content,
    }));
    const databases: Manifest['databases'] = {};
    try {
      for (const { layout, snapshot } of snapshots) {
        const file = join(temporary, `${layout.part}.db`);
        await snapshot.copyTo(file, progressOf(layout.part, progress));
        databases[layout.part] = { kind: 'sqlite', audit: await headsOf(file, layout.part, progress) };
        entries.push({
          path: archivedDatabase(layout.part),
          mode: 0o600,
          size: (await stat(file)).size,
          content: { file },
        });
      }
    } finally {
      for (const { snapshot } of snapshots) snapshot.close();
    }
    for (const { part, database } of order) {
      if (!isShared(database)) continue;
      databases[part] = { kind: 'postgres', audit: [] };
      progress(
        `the ${part.toUpperCase()}'s database is in PostgreSQL and not in this backup: take it with pg_dump, after this`,
      );
    }
    const manifest: Manifest = {
      format: 1,
      createdAt,
      version,
      host: hostname(),
      programs: parts.map(({ part }) => part),
      together,
      databases,
      files: await Promise.all(entries.map(described)),
    };
    const text = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
    const first: Entry = { path: MANIFEST, mode: 0o600, size: text.length, content: text };
    return { manifest, stream: await writeArchive([first, ...entries], passphrase), discard };
  } catch (error) {
    await discard();
    throw error;
  }
}

async function described({ path, mode, size, content }: Entry): Promise<Manifest['files'][number]> {
  const sha256 = Buffer.isBuffer(content)
    ? createHash('sha256').update(content).digest('hex')
    : await hashOf(content.file);
  return { path, size, mode, sha256 };
}

/** The heads of the audit log. A broken log is reported, and the backup continues. */
async function headsOf(
  file: string,
  part: 'ca' | 'ra',
  progress: (sentence: string) => void,
): Promise<AuditHead[]> {
  const reader = await openAudit(file, part);
  try {
    const { heads, fault } = await verifyAudit(reader);
    if (fault !== null) {
      const { chain, sequence } = fault.position;
      progress(
        `the audit log of the ${part.toUpperCase()} is broken at record ${chain}:${sequence}: ${fault.reason}`,
      );
    }
    return heads.map(({ chain, sequence, hash }) => ({ chain, sequence, hash }));
  } finally {
    await reader.close();
  }
}

/** Reports every quarter of a large database. */
function progressOf(part: string, progress: (sentence: string) => void) {
  let told = -1;
  return (done: number, of: number) => {
    const quarter = of === 0 ? 4 : Math.floor((4 * done) / of);
    if (quarter <= told) return;
    told = quarter;
    progress(`the ${part.toUpperCase()}'s database: ${quarter * 25} %`);
  };
}
