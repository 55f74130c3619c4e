import { join } from 'node:path';
import { markRestored } from '../store/sqlite/restored.js';
import { archivedDatabase } from './layout.js';
import type { Manifest } from './manifest.js';

/** Records the times of the backup and of the restore in each restored database. @param now ms since the epoch */
export async function noteRestored(
  folder: string,
  { databases, createdAt }: Manifest,
  now: number,
): Promise<void> {
  for (const part of ['ca', 'ra'] as const) {
    if (databases[part]?.kind !== 'sqlite') continue;
    const text = JSON.stringify({ of: Date.parse(createdAt), at: now });
    markRestored(join(folder, archivedDatabase(part)), part, text);
  }
}
