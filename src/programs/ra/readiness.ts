import { CaRefused, type KnownAuthority } from '../../model/ca.js';
import { type Health, NotReady } from '../../rest/health.js';
import { type RaStore, StoreRefused } from '../../store/index.js';
import type { CaHealthWatch } from './ca-health.js';
import { validityTrouble } from './certificate.js';
import type { RaTls } from './tls.js';

interface HealthOptions {
  ca: Pick<CaHealthWatch, 'troubles'>;
  store: Pick<RaStore, 'ping'>;
  tls: Pick<RaTls, 'material'>;
  /** The CA's last report. */
  authorities(): readonly KnownAuthority[];
  clock(): number;
  /** A sentence about the data that the database has lost; null if it has lost none. */
  behind(): string | null;
  /** A sentence for each worker of this RA that does not serve. */
  workers(): string[];
}

/**
 * The checks of readiness: the CA can issue and its clock agrees with ours, the database can be written, and the RA's certificate is
 * valid. A fault that does not pass by itself throws NotReady with its reason. The warnings do not affect readiness.
 */
export function healthOf({ ca, store, tls, authorities, clock, behind, workers }: HealthOptions): Health {
  return {
    checks: {
      'the certificate authority cannot be reached': async () => {
        const troubles = await ca.troubles().catch(sayWhy);
        if (troubles.length > 0) throw new NotReady(troubles.join('; '));
      },
      'the store cannot be written': () => store.ping().catch(sayWhy),
      'the certificate of this RA is not valid': async () => {
        const trouble = validityTrouble(tls.material().cert, clock());
        if (trouble !== null) throw new NotReady(`the certificate of this RA ${trouble}`);
      },
    },
    warnings: () =>
      [...authorities().map(({ warning }) => warning), behind(), ...workers()].filter(
        (each) => each !== null,
      ),
  };
}

/** @throws NotReady when the fault does not pass by itself, else the error unchanged */
function sayWhy(error: unknown): never {
  if (error instanceof StoreRefused) throw new NotReady(`the database cannot be used: ${error.message}`);
  if (error instanceof CaRefused)
    throw new NotReady(`the certificate authority cannot work: ${error.message}`);
  throw error;
}
