import { openLocalStore } from '../../ca/local-access.js';
import type { AuditTrail } from '../../store/contract/audit.js';
import { openRaStore } from '../../store/index.js';
import { openLocalAuthorities } from '../ca/local-authorities.js';
import { mendable } from '../ca/start.js';
import { CannotStart } from '../exit.js';
import { RaFiles } from '../ra/files.js';
import { loadProgramSettings } from '../settings.js';
import type { CutSigner } from './signature.js';
import { caSigner, raSigner } from './signers.js';

/** The audit log of a program on this machine, with the signer of its cuts. */
interface OpenedTrail {
  trail: AuditTrail;
  program: 'ra' | 'ca';
  signer: CutSigner;
  clock(): number;
}

/** Opens the log in a program's folder for some work, whether or not the program runs. @throws CannotStart */
export async function withAuditTrail<T>(
  { program, folder, location }: { program: 'ra' | 'ca'; folder: string; location: string },
  work: (opened: OpenedTrail) => Promise<T>,
): Promise<T> {
  const clock = Date.now;
  if (program === 'ra') {
    const files = new RaFiles(folder);
    const registration = await files.registration();
    if (registration === null)
      throw new CannotStart(`${folder}: the RA is not registered, and has no key to sign with`);
    const { tls } = await files.keys();
    const store = await openRaStore(location);
    const signer = raSigner(tls, registration.certificate, registration.root);
    return work({ trail: store, program, signer, clock }).finally(() => store.close());
  }
  const { settings } = loadProgramSettings('ca', process.env, { dataDir: folder });
  const store = await mendable(() => openLocalStore(folder, settings.caDatabaseUrl));
  try {
    const signer = await mendable(async () => caSigner((await openLocalAuthorities(store, settings)).set));
    return await work({ trail: store, program, signer, clock });
  } finally {
    await store.close();
  }
}
