import { mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is gone after the test run, as all that tests leave in the temporary folder. */
export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'upki-test-'));

/** A folder that is gone after the test file. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'upki-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
