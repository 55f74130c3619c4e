import type { RaStore } from '../../store/index.js';
import { fromPem, toPem } from '../../x509/pem.js';
import type { RaFiles } from './files.js';
import { leadsTo, noteRoots } from './identity.js';

interface KeptRootsOptions {
  files: Pick<RaFiles, 'registration' | 'noteBound' | 'saveRoots'>;
  store: Pick<RaStore, 'getSetting' | 'putSetting'>;
}

/**
 * Keeps the roots (PEM) that the CA gives out now: in the RA's folder, in its marker and in its database, so that the next start knows
 * them. While the RA's own certificate still leads to a root that is given out no more, that one stays in the file too: a
 * start in between must find files that belong together.
 * @returns what the file holds
 */
export function rootKeeper({ files, store }: KeptRootsOptions): (roots: string) => Promise<string> {
  return async (roots) => {
    const registration = await files.registration();
    const kept = registration === null ? roots : roots + stillNeeded(registration, roots);
    await noteRoots(store, kept);
    await files.noteBound(kept);
    await files.saveRoots(kept);
    return kept;
  };
}

/** The previous roots to which the certificate leads, when it leads to none of the new ones. */
function stillNeeded({ certificate, root }: { certificate: string; root: string }, roots: string): string {
  if (leadsTo(certificate, roots)) return '';
  const before = fromPem('CERTIFICATE', root).map((der) => toPem('CERTIFICATE', der));
  return before.filter((each) => leadsTo(certificate, each)).join('');
}
