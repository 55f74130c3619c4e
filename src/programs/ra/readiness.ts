import { CaRefused, type CertificateAuthority } from '../../model/ca.js';
import { type HealthChecks, NotReady } from '../../rest/health.js';
import { type RaStore, StoreRefused } from '../../store/index.js';

/** What the RA needs to do its work: the CA and its store. What does not pass by itself is told with its reason. */
export function readinessChecks(
  ca: Pick<CertificateAuthority, 'ping'>,
  store: Pick<RaStore, 'ping'>,
): HealthChecks {
  return {
    'the certificate authority cannot be reached': () => ca.ping().catch(sayWhy),
    'the store cannot be written': () => store.ping().catch(sayWhy),
  };
}

/** @throws NotReady, or the error as it was */
function sayWhy(error: unknown): never {
  if (error instanceof StoreRefused) throw new NotReady(`the database cannot be used: ${error.message}`);
  if (error instanceof CaRefused)
    throw new NotReady(`the certificate authority cannot work: ${error.message}`);
  throw error;
}
