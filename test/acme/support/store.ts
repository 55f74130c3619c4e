import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRaStore, type RaStore } from '../../../src/store/index.js';

/** A real database in a directory of its own. */
export async function openTestStore(): Promise<{ store: RaStore; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'upki-acme-'));
  return {
    store: await openRaStore(join(directory, 'acme.db')),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
