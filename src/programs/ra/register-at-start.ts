import { setTimeout as pause } from 'node:timers/promises';
import { ChannelUnavailable } from '../../channel/errors.js';
import { monotonic } from '../../lib/monotonic.js';
import { CannotStart } from '../exit.js';
import type { ProgramSettings } from '../settings.js';
import type { NewRegistration, RaFiles } from './files.js';
import { registerRa } from './registration.js';

/** How long the RA waits for a CA that is started at the same time and generates its keys, in ms. */
const CA_PATIENCE = 60_000;
const AGAIN_AFTER = 1000;

/**
 * Registers an RA that starts, and waits for its CA.
 * @throws CannotStart naming the settings when no CA took the registration in time, and as `registerRa`
 */
export async function registerAtStart(
  settings: ProgramSettings,
  files: RaFiles,
  names: string[],
  warn: (sentence: string) => void,
  patience = CA_PATIENCE,
): Promise<NewRegistration> {
  const deadline = monotonic() + patience;
  for (let first = true; ; first = false) {
    try {
      return await registerRa(settings, files, names, warn);
    } catch (error) {
      if (!(error instanceof ChannelUnavailable)) throw error;
      const where = settings.caHost.map(({ host }) => host).join(', ');
      const why =
        `no CA takes the registration of this RA at ${where} (${error.message}): it does not run, UPKI_CA_HOST or UPKI_CA_REGISTRATION_PORT ` +
        'is wrong, or UPKI_CA_SEED is another';
      if (monotonic() >= deadline) throw new CannotStart(why, { cause: error });
      if (first) warn(`${why}; it is tried again for a minute`);
      await pause(AGAIN_AFTER);
    }
  }
}
