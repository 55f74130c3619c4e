import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { pino } from 'pino';
import { openLocalCa } from '../ca/local-access.js';
import { mendable } from '../programs/ca/start.js';
import { CannotStart } from '../programs/exit.js';
import { loadProgramSettings } from '../programs/settings.js';
import { parseCertificate } from '../x509/certificate.js';
import { DerError } from '../x509/der-error.js';
import { fromPem } from '../x509/pem.js';
import { addExamples } from './help.js';
import { caFolderOf, operator, withCaStore } from './on-ca-machine.js';
import { addSettingFlags, DIRECTORY_FLAG } from './options.js';

/** `upki cert import`, on the CA's machine. */
export function importCommand(): Command {
  const command = new Command('import').argument('<file...>', 'PEM files of certificates this CA signed');
  command.description(
    'Add certificates that this CA signed but has no record of, for example after a restore, so that they can be revoked.',
  );
  addSettingFlags(command, [DIRECTORY_FLAG], ['ca']);
  addExamples(command, [
    ['upki cert import web.pem', 'A certificate that the CA did not know when OCSP asked for it.'],
  ]);
  return command.action(async (files: string[]) => {
    const dataDir = await caFolderOf(command);
    const { settings, given } = loadProgramSettings('ca', process.env, { dataDir });
    const certificates = await Promise.all(files.map(leafIn));
    await withCaStore(dataDir, (store) =>
      mendable(async () => {
        const certifier = await openLocalCa(store, {
          dataDir,
          databaseUrl: settings.caDatabaseUrl,
          passphrase: settings.caPassphrase,
          publicUrl: settings.caPublicUrl,
          company: given.has('caCompany') ? settings.caCompany : null,
          clock: Date.now,
          shared: settings.caDatabaseUrl !== null,
          log: pino({ level: 'silent' }),
        });
        for (const der of certificates) {
          const shown = parseCertificate(der);
          const known = (await store.findBySerial(shown.serial)) !== null;
          const { serial, dn, cn } = await certifier.recordOf(shown, operator());
          process.stdout.write(`${serial} ${dn || cn}: ${known ? 'was already known' : 'was added'}\n`);
        }
      }),
    );
  });
}

/** The first certificate of a file; those after it are its chain. @throws CannotStart naming the file */
async function leafIn(file: string): Promise<Buffer> {
  try {
    const [leaf] = fromPem('CERTIFICATE', await readFile(file, 'utf8'));
    if (leaf === undefined) throw new CannotStart(`${file} contains no certificate (PEM)`);
    return leaf;
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new CannotStart(`${file}: ${error.message}`);
  }
}
