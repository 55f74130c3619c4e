import type { RaStore } from '../../store/index.js';
import { fromPem, toPem } from '../../x509/pem.js';
import type { RaFiles } from './files.js';
import { leadsTo, noteRoots } from './identity.js';

interface KeptRootsOptions {
  files: Pick<RaFiles, 'registration' | 'noteBound' | 'saveRoots'>;
  store: Pick<RaStore, 'getSetting' | 'putSetting'>;
}

/**
 * Stores the roots (PEM) that the CA publishes in the RA's folder, its marker and its database. If the RA's certificate still needs a
 * root that the CA no longer publishes, the file keeps that root too, because the next start requires that certificate and roots
 * belong together.
 * @returns the function that stores the roots; it resolves with the content of the file
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
