import type { CheckedStore } from './contract/check.js';
import { isShared, pathOf } from './contract/location.js';
import { CheckedFile } from './sqlite/check.js';

/**
 * Opens a program's store read-only for a check. @throws Error that says why it cannot be read, or which program it
 * belongs to
 */
export async function openForCheck(location: string, program: 'ra' | 'ca'): Promise<CheckedStore> {
  if (isShared(location)) {
    // Loaded on demand: only users of PostgreSQL pay for its driver.
    const { CheckedSchema } = await import('./postgres/check.js');
    return CheckedSchema.open(location, program);
  }
  const file = CheckedFile.open(pathOf(location));
  if (file.kind === program) return file;
  await file.close();
  throw new Error(
    file.kind === null
      ? 'it is not the database of a uPKI'
      : `it is the database of the ${file.kind.toUpperCase()}, not of the ${program.toUpperCase()}`,
  );
}
