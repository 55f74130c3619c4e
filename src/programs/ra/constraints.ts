import { isIP } from 'node:net';
import type { Settings } from '../../config/index.js';
import { constraintsText, isPermitted, type NameConstraints } from '../../x509/name-constraints.js';
import { CannotStart } from '../exit.js';
import type { RaNames } from './files.js';

/**
 * Checks the RA's configured names and UPKI_RA_ALLOW against the name constraints of the CA's issuer (RFC 5280 §4.2.1.10). Names that
 * nobody configured, such as localhost, are not checked: the RA's certificate leaves out those that are not permitted.
 * @throws CannotStart with the names that are not permitted
 */
export function checkConstraints(
  { allowedNames }: Pick<Settings, 'allowedNames'>,
  { cn, sans }: RaNames,
  constraints: readonly NameConstraints[],
): void {
  const text = constraintsText(constraints);
  const own = [cn, ...sans].find((name) => !isPermitted(typed(name), constraints));
  if (own !== undefined) {
    throw new CannotStart(
      `this RA is called ${own}, which is outside of what the CA's issuer may certify (${text}): set UPKI_RA_CN, UPKI_RA_URL and ` +
        'UPKI_RA_SANS to names within',
    );
  }
  const outside = allowedNames.filter((entry) => !isEntryPermitted(entry, constraints));
  if (outside.length === 0) return;
  throw new CannotStart(
    `UPKI_RA_ALLOW lets ${outside.join(', ')} be ordered, which is outside of what the CA's issuer may certify (${text}): take it out`,
  );
}

const typed = (value: string) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value });

/** A network is permitted when a permitted network contains all of it, and excluded when an excluded network does. */
function isEntryPermitted(entry: string, constraints: readonly NameConstraints[]): boolean {
  const [address = '', bits] = entry.split('/');
  if (bits === undefined || isIP(address) === 0) return isPermitted(typed(entry), constraints);
  return constraints.every(({ permitted, excluded }) => {
    const networks = permitted.filter(({ type }) => type === 'ip');
    const holds = ({ value }: { value: string }) =>
      Number(value.split('/')[1]) <= Number(bits) &&
      isPermitted(typed(address), [{ permitted: [{ type: 'ip', value }], excluded: [], others: false }]);
    return (
      (networks.length === 0 || networks.some(holds)) &&
      !excluded.some((each) => each.type === 'ip' && holds(each))
    );
  });
}
