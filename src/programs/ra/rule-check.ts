import type { Logger } from 'pino';
import { CaUnavailable, type CertificateAuthority } from '../../model/ca.js';
import type { NameConstraints } from '../../x509/name-constraints.js';
import { CannotStart } from '../exit.js';
import type { ProgramSettings } from '../settings.js';
import { checkConstraints } from './constraints.js';
import type { RaNames } from './files.js';

/** Checks that the CA can do what the settings ask for. @throws CannotStart naming the setting that asks for more */
export type RuleCheck = (settings: ProgramSettings) => Promise<void>;

/**
 * The check of an RA's settings against its CA: the CA has the default profile, and the name constraints of its issuer permit every
 * name that may be ordered (RFC 5280 §4.2.1.10).
 */
export function ruleCheck(
  ca: CertificateAuthority,
  called: RaNames,
  constraints: () => readonly NameConstraints[],
  log: Logger,
): RuleCheck {
  return async (settings) => {
    await checkDefaultProfile(settings.profile, ca, log);
    checkConstraints(settings, called, constraints());
  };
}

/**
 * While the CA is unavailable its profiles are unknown; a wrong profile is then refused with each order.
 * @throws CannotStart
 */
async function checkDefaultProfile(profile: string, ca: CertificateAuthority, log: Logger): Promise<void> {
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
