import type { Logger } from 'pino';
import type { CertificateAuthority } from '../../model/ca.js';
import type { NameConstraints } from '../../x509/name-constraints.js';
import type { ProgramSettings } from '../settings.js';
import { checkConstraints } from './constraints.js';
import { checkDefaultProfile } from './default-profile.js';
import type { RaNames } from './files.js';

/** Compares settings with what the CA can do. @throws CannotStart naming the setting that asks for more */
export type RuleCheck = (settings: ProgramSettings) => Promise<void>;

/**
 * The check of an RA's settings against its CA: the default profile is one of the CA's, and every
 * name that may be ordered lies within the name constraints of the CA's issuer (RFC 5280 §4.2.1.10).
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
