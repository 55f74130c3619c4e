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
  /** The data that the database had and now lacks, as a sentence; null if there is none. */
  behind(): string | null;
  /** Which other processes of this RA do not serve, in sentences. */
  workers(): string[];
}

/**
 * What the RA needs to do its work: the CA, which must be able to issue by a clock that agrees with ours, its store and its own
 * certificate; and what the CA warns of. What does not pass by itself is told with its reason.
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

/** @throws NotReady, or the error as it was */
function sayWhy(error: unknown): never {
  if (error instanceof StoreRefused) throw new NotReady(`the database cannot be used: ${error.message}`);
  if (error instanceof CaRefused)
    throw new NotReady(`the certificate authority cannot work: ${error.message}`);
  throw error;
}
