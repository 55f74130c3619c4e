import type { Logger } from 'pino';
import type { AuthoritySet } from '../../ca/authorities/set.js';
import { troublesOf } from '../../ca/authorities/status.js';
import { CaCertificateError } from '../../ca/folder/issuer-certificates.js';

/**
 * Whether the CA can issue now. A CA whose issuer has expired or is not valid yet serves nevertheless: CRLs and OCSP continue, orders
 * wait, and readiness has the reason.
 * @throws CaCertificateError when there is no issuer; TaskError naming a key that cannot be used
 */
export function checkUsable(set: AuthoritySet, now: number, log: Pick<Logger, 'error'>): boolean {
  const newest = set.newest;
  if (newest === null) throw new CaCertificateError('this CA has no issuer');
  // Throws the error that names the key and the reason.
  if (newest.signer === null) newest.signing;
  const troubles = troublesOf(set, now);
  for (const trouble of troubles) log.error(trouble);
  return troubles.length === 0;
}
