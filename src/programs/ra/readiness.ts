import { CaRefused, type CertificateAuthority, type KnownAuthority } from '../../model/ca.js';
import { type Health, NotReady } from '../../rest/health.js';
import { type RaStore, StoreRefused } from '../../store/index.js';

/**
 * What the RA needs to do its work, the CA and its store, and what the CA warns of. What does not pass by itself is told
 * with its reason.
 */
export function healthOf(
  ca: Pick<CertificateAuthority, 'ping'>,
  store: Pick<RaStore, 'ping'>,
  authorities: () => readonly KnownAuthority[],
): Health {
  return {
    checks: {
      'the certificate authority cannot be reached': () => ca.ping().catch(sayWhy),
      'the store cannot be written': () => store.ping().catch(sayWhy),
    },
    warnings: () => authorities().flatMap(({ warning }) => warning ?? []),
  };
}

/** @throws NotReady, or the error as it was */
function sayWhy(error: unknown): never {
  if (error instanceof StoreRefused) throw new NotReady(`the database cannot be used: ${error.message}`);
  if (error instanceof CaRefused)
    throw new NotReady(`the certificate authority cannot work: ${error.message}`);
  throw error;
}
