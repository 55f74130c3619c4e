import { ErrorCode, TaskError } from '../../channel/errors.js';

/**
 * The certificates that a caller may request. Everybody may request end-entity certificates. A registered RA
 * may also request an RA's certificate in its own name. Administrators' certificates are made only on the
 * CA's machine.
 */
export type Entitlement = 'end' | { ra: string } | 'administrator';

export const END_CERTIFICATES: Entitlement = 'end';
/** Entitlement of commands on the CA's machine. */
export const ADMINISTRATOR_CERTIFICATES: Entitlement = 'administrator';

/** @throws TaskError `forbidden` unless a certificate of this profile in this name may be made */
export function checkEntitled(profile: string, cn: string, entitlement: Entitlement): void {
  if (profile === 'admin' && entitlement !== 'administrator') {
    throw refused("an administrator's certificate is made on the machine of the CA only: `upki admin add`");
  }
  if (profile !== 'ra') return;
  if (typeof entitlement !== 'object') throw refused("an RA's certificate is given to that RA only");
  if (entitlement.ra.toLowerCase() === cn.toLowerCase()) return;
  throw refused(`an RA gets its own certificate only: this is ${entitlement.ra}, not ${cn}`);
}

function refused(why: string): TaskError {
  return new TaskError(ErrorCode.profile, `Not entitled: ${why}`, 'forbidden');
}
