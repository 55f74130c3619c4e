import { join } from 'node:path';
import { run } from '../../kit/command.js';
import type { SoftHsm } from './softhsm.js';

/** Each of these commands opens the CA by itself, with keys in a token whose URI has no PIN. */
export async function pinInEnvironment({ folder, program, envWithPin }: SoftHsm): Promise<void> {
  const dataDir = join(folder, 'pin-in-environment');
  const env = { ...envWithPin, UPKI_KEEP_AUDIT: '1ms' };
  for (const words of [
    ['ca', 'init'],
    ['admin', 'add', 'one', '--out', join(folder, 'one')],
    ['audit', 'archive', '--before', '2100-01-01', join(folder, 'records.audit')],
    ['audit', 'verify', '--archive', join(folder, 'records.audit')],
    ['ca', 'rollover', 'issuer'],
    ['store', 'prune', '--clock-is-right'],
    ['ca', 'status'],
  ]) {
    await run(process.execPath, [program, ...words, '-d', dataDir], { env });
  }
}
