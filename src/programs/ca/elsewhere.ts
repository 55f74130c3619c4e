import { installFirst } from '../../ca/elsewhere/install.js';
import type { Judged } from '../../ca/elsewhere/judge.js';
import { ensureRequest } from '../../ca/elsewhere/request.js';
import { InitError } from '../../ca/folder/init-error.js';
import { DEFAULT_ISSUER_KEY, RSA_KEY } from '../../ca/folder/keys.js';
import { refuseKnownCa } from '../../ca/folder/load.js';
import { titled } from '../../ca/folder/make.js';
import { permitOnly } from '../../ca/folder/permit.js';
import { makePrivateFolder } from '../../lib/files.js';
import { encodeExtension } from '../../x509/extensions.js';
import { dn } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { CannotStart } from '../exit.js';
import type { LoadedProgram } from '../settings.js';
import { caInitOptions, completeCa, keyPlaces, mendable } from './start.js';

type LoadedCa = Pick<LoadedProgram, 'settings' | 'given'>;

/**
 * Makes the issuer's key for a CA whose root is elsewhere, and the request (PEM) for the root to sign. Idempotent.
 * @throws CannotStart when the folder holds a CA
 */
export function requestIssuer({ settings }: LoadedCa): Promise<string> {
  const { dataDir, caKeyFile, caCertFile, caPassphrase: passphrase, caCompany: company } = settings;
  if (caKeyFile !== null || caCertFile !== null) {
    throw new CannotStart('a CA is imported (UPKI_CA_KEY_FILE) or asked for (--request), not both');
  }
  return mendable(async () => {
    await refuseKnownCa(dataDir);
    await makePrivateFolder(dataDir);
    const key = settings.caKeyType === 'rsa' ? RSA_KEY : DEFAULT_ISSUER_KEY;
    const subject = dn(['O', company], ['CN', titled(company, 'Issuing CA')]);
    const constraints = permitOnly(settings.caPermit);
    const extensions = constraints ? [encodeExtension(OID.nameConstraints, constraints, true)] : [];
    const { issuer: where } = keyPlaces(settings);
    return ensureRequest({ dataDir, passphrase, key, where, subject, extensions });
  });
}

/** Initialises the CA with the certificates that the root has issued. @throws CannotStart with all faults of the certificates */
export function installIssuer(loaded: LoadedCa, certificates: readonly Buffer[]): Promise<Judged> {
  return mendable(async () => {
    const init = { ...(await caInitOptions(loaded)), imported: null };
    if (init.existed)
      throw new InitError(
        'the database of this folder is of a CA that exists: restore its folder from the backup',
      );
    const { files, judged } = await installFirst({ init, certificates });
    await completeCa(loaded, files);
    return judged;
  });
}
