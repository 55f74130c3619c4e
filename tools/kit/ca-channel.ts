import { join } from 'node:path';
import { pino } from 'pino';
import { type CaConnection, connectToCa } from '../../src/programs/ra/channel.js';
import { RaFiles } from '../../src/programs/ra/files.js';
import { loadProgramSettings } from '../../src/programs/settings.js';
import type { RunningUpki } from './upki.js';

/** The channel of a running uPKI's RA, for tasks that have no HTTP route: hold and release of a certificate. */
export async function caChannel({ dataDir, ports }: RunningUpki): Promise<CaConnection> {
  const { settings } = loadProgramSettings('ra', {
    UPKI_DATA_DIR: join(dataDir, 'ra'),
    UPKI_CA_PORT: String(ports.ca),
  });
  const files = new RaFiles(settings.dataDir);
  const registration = await files.registration();
  if (registration === null) throw new Error('the RA is not registered');
  return connectToCa(settings, registration, await files.keys(), pino({ level: 'silent' }));
}
