import type { Logger } from 'pino';
import { CaUnavailable, type CertificateAuthority } from '../../model/ca.js';
import { CannotStart } from '../exit.js';

/**
 * Checks that the CA has the default profile. While the CA is unavailable its profiles are unknown; a wrong profile is then refused
 * with each order.
 * @throws CannotStart
 */
export async function checkDefaultProfile(
  profile: string,
  ca: CertificateAuthority,
  log: Logger,
): Promise<void> {
  try {
    const known = (await ca.profiles('now')).map(({ name }) => name);
    if (known.includes(profile)) return;
    throw new CannotStart(
      `UPKI_RA_PROFILE is "${profile}": the CA has no such profile for ACME; it has ${known.join(', ')}`,
    );
  } catch (error) {
    if (!(error instanceof CaUnavailable)) throw error;
    log.warn({ profile }, 'the CA does not answer, so that nobody knows whether it has the default profile');
  }
}
