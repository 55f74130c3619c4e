import { isShared, pathOf } from './contract/location.js';
import { markRestored as markFile } from './sqlite/restored.js';

/**
 * Marks a database that was put back: what happened from `of` to `at` (ms since the epoch) is not in it. A CA's CRLs are all out of
 * date from then on. @throws StoreUnavailable, StoreTooNew, StoreRefused
 */
export async function markRestored(
  location: string,
  program: 'ra' | 'ca',
  moment: { of: number; at: number },
): Promise<void> {
  const text = JSON.stringify(moment);
  if (!isShared(location)) return markFile(pathOf(location), program, text);
  // Only who uses PostgreSQL pays for loading its driver.
  const { markSchemaRestored } = await import('./postgres/restored.js');
  await markSchemaRestored(location, program, text);
}
