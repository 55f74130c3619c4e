import type { CheckedStore } from './contract/check.js';
import { isShared, pathOf } from './contract/location.js';
import { CheckedFile } from './sqlite/check.js';

/** Opens what a program keeps, for looking at it alone. @throws Error saying why it cannot be read, or whose it is */
export async function openForCheck(location: string, program: 'ra' | 'ca'): Promise<CheckedStore> {
  if (isShared(location)) {
    // Only who uses PostgreSQL pays for loading its driver.
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
