import { isShared, pathOf } from './contract/location.js';
import { markRestored as markFile } from './sqlite/restored.js';

/**
 * Marks a restored database: the events from `of` to `at` (ms since the epoch) are not in it. All CRLs of a CA are
 * out of date from then on. @throws StoreUnavailable, StoreTooNew, StoreRefused
 */
export async function markRestored(
  location: string,
  program: 'ra' | 'ca',
  moment: { of: number; at: number },
): Promise<void> {
  const text = JSON.stringify(moment);
  if (!isShared(location)) return markFile(pathOf(location), program, text);
  // Loaded on demand: only users of PostgreSQL pay for its driver.
  const { markSchemaRestored } = await import('./postgres/restored.js');
  await markSchemaRestored(location, program, text);
}
