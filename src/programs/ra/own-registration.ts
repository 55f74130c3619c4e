import { hostname } from 'node:os';
import type { ProgramSettings } from '../settings.js';
import { wantedNames } from './certificate.js';
import { RaFiles } from './files.js';
import { ownNames } from './own-names.js';
import { registerAtStart } from './register-at-start.js';
import { usableRegistration } from './registration.js';

/**
 * The names of the RA that starts, its registration, made when there is none that can be used, and its keys.
 * @throws CannotStart
 */
export async function ownRegistration(
  settings: ProgramSettings,
  files: RaFiles,
  warn: (sentence: string) => void,
) {
  const called = await ownNames(settings, new RaFiles(settings.dataDir), warn);
  const names = wantedNames(called.cn, called.sans, hostname());
  const registration =
    (await usableRegistration(settings, files, called.cn)) ??
    (await registerAtStart(settings, files, names, warn));
  await files.saveNames(called);
  // Read now: registering with a Python CA has put its key in place of ours.
  return { called, names, registration, keys: await files.keys() };
}
