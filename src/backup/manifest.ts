import { z } from 'zod';

/** The name of the manifest, which is the first file of the archive. */
export const MANIFEST = 'manifest.json';
/** A manifest has a few kilobytes, and some hundred octets for each file. */
export const MAX_MANIFEST = 64 * 1024 * 1024;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A relative path with forward slashes that cannot leave the archive's top folder. */
const path = z
  .string()
  .max(1_000)
  .regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^/\0\\][^\0\\]*$/, 'a path below the backup');

const head = z.object({
  chain: z.number().int().min(0),
  sequence: z.number().int().min(1),
  hash: sha256,
});

const database = z.object({
  /** `sqlite`: the file is in the backup. `postgres`: the database is elsewhere and has its own backup. */
  kind: z.enum(['sqlite', 'postgres']),
  /** The heads of the audit log in this snapshot. */
  audit: z.array(head),
});

const manifest = z.object({
  format: z.literal(1),
  /** RFC 3339: when the databases were read. */
  createdAt: z.iso.datetime(),
  /** Version of the program that made the backup. */
  version: z.string(),
  host: z.string(),
  /** The programs in the backup: both of `upki start`, or a single one. */
  programs: z.array(z.enum(['ca', 'ra'])).min(1),
  together: z.boolean(),
  databases: z.partialRecord(z.enum(['ca', 'ra']), database),
  files: z.array(z.object({ path, size: z.number().int().min(0), mode: z.number().int(), sha256 })),
});

export type Manifest = z.infer<typeof manifest>;
export type ManifestFile = Manifest['files'][number];
export type AuditHead = z.infer<typeof head>;

/** The file is not a backup, is damaged, or does not match its manifest. The message is for the operator. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** @throws BackupError */
export function parseManifest(text: string): Manifest {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new BackupError('the manifest of the backup is damaged');
  }
  const format = (document as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > 1) {
    throw new BackupError(
      `the backup has the format ${format}, this program knows 1: restore it with a newer uPKI`,
    );
  }
  const read = manifest.safeParse(document);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new BackupError(
      `the manifest of the backup is damaged: ${issue?.path.join('.')}: ${issue?.message}`,
    );
  }
  const names = read.data.files.map((file) => file.path);
  if (new Set(names).size !== names.length) throw new BackupError('the backup names a file twice');
  return read.data;
}
