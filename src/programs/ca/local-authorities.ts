import { pino } from 'pino';
import { type OpenAuthorities, openAuthorities } from '../../ca/authorities/open.js';
import { loadCaFiles } from '../../ca/folder/files.js';
import { servedUrl } from '../../ca/local-access.js';
import type { CaStore } from '../../store/index.js';
import type { ProgramSettings } from '../settings.js';
import { keyPlaces } from './start.js';

/** Opens the roots and issuers of a CA for a command on its machine, whether or not the CA runs. */
export async function openLocalAuthorities(
  store: CaStore,
  settings: ProgramSettings,
): Promise<OpenAuthorities> {
  const { dataDir, caPassphrase: passphrase, caDatabaseUrl, caPublicUrl } = settings;
  // Before the files: this also sets the PIN with which their keys are found in a token.
  const places = keyPlaces(settings);
  return openAuthorities(store, await loadCaFiles({ dataDir, passphrase, seed: null }), {
    ...{ dataDir, passphrase, places, succeedAt: settings.caSucceedAt / 100 },
    publicUrl: await servedUrl(store, caPublicUrl),
    shared: caDatabaseUrl !== null,
    clock: Date.now,
    log: pino({ level: 'silent' }),
  });
}
