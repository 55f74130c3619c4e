import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ModeError, mendMode } from '../../lib/private-file.js';
import { InitError } from './init-error.js';
import { caPaths } from './paths.js';

/**
 * Removes other users' access to keys and the seed; the owner and the group keep theirs.
 * @param warn called for each changed file
 * @throws InitError for a file whose mode cannot be changed
 */
export async function mendModes(dataDir: string, warn: (sentence: string) => void = () => {}): Promise<void> {
  const { rootKey, issuerKey, channelKey, seed, ocsp, privateKeys, issuers } = caPaths(dataDir);
  const madeHere = await readdir(privateKeys).catch(() => []);
  const later = (await readdir(issuers).catch(() => [])).filter((name) => /\.(key|pem)$/.test(name));
  try {
    for (const path of [rootKey, issuerKey, channelKey, seed, ocsp]) await mendMode(path, warn);
    for (const name of madeHere) await mendMode(join(privateKeys, name), warn);
    for (const name of later) await mendMode(join(issuers, name), warn);
  } catch (error) {
    throw error instanceof ModeError ? new InitError(error.message) : error;
  }
}
