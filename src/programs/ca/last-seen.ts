import type { Logger } from 'pino';
import type { CaStore } from '../../store/index.js';
import { type LastSeenWatch, watchLastSeen } from '../last-seen.js';

/** Compares the CA's database with what its folder has seen of it, and goes on noting that. @throws CannotStart */
export function lastSeen(
  store: CaStore,
  location: string,
  { dataDir: directory, log, clock = Date.now }: { dataDir: string; log: Logger; clock?: () => number },
): Promise<LastSeenWatch> {
  return watchLastSeen({ store, directory, location, clock, log });
}
