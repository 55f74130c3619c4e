import { readFile } from 'node:fs/promises';
import { mendable } from '../programs/ca/start.js';
import { CannotStart } from '../programs/exit.js';
import { parseCertificate } from '../x509/certificate.js';
import { DerError } from '../x509/der-error.js';
import { fromPem } from '../x509/pem.js';
import { UpkiCommand } from './command.js';
import { openCertifier, operator, withCaStore } from './on-ca-machine.js';
import { say } from './print.js';

/** `upki cert import`, on the CA's machine. */
export function importCommand(): UpkiCommand {
  const command = new UpkiCommand('import')
    .argument('<file...>', 'PEM files of certificates this CA signed')
    .description(
      'Add certificates that this CA signed but has no record of, for example after a restore, so that they can be revoked.',
    )
    .settings(['ca'])
    .examples([
      ['upki cert import web.pem', 'A certificate that the CA did not know when OCSP asked for it.'],
    ]);
  return command.action(async (files: string[]) => {
    const certificates = await Promise.all(files.map(leafIn));
    await withCaStore(command, async (store, dataDir) => {
      const certifier = await openCertifier(store, dataDir);
      for (const der of certificates) {
        const shown = parseCertificate(der);
        const known = (await store.findBySerial(shown.serial)) !== null;
        const { serial, dn, cn } = await mendable(() => certifier.recordOf(shown, operator()));
        say(`${serial} ${dn || cn}: ${known ? 'was already known' : 'was added'}`);
      }
    });
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
