import { CaLacksTask, type CertificateAuthority, type KnownAuthority } from '../../model/ca.js';

type Ca = Pick<CertificateAuthority, 'authorities'>;

/**
 * The authorities of the CA, with the one that is looked for if there is such a one. The CA may have made it a moment ago: it is asked again
 * before anybody is told that there is none. Empty for a CA that has one issuer and no such task.
 * @throws CaUnavailable
 */
export async function authoritiesWith(
  ca: Ca,
  isWanted: (authority: KnownAuthority) => boolean,
): Promise<readonly KnownAuthority[]> {
  const known = await knownAuthorities(ca);
  return known.length === 0 || known.some(isWanted) ? known : knownAuthorities(ca, 'now');
}

/** The roots and issuers, cached for some seconds, or read `now`. Empty for a CA without such a task. @throws CaUnavailable */
export async function knownAuthorities(ca: Ca, when?: 'now'): Promise<readonly KnownAuthority[]> {
  try {
    return (await ca.authorities?.(when)) ?? [];
  } catch (error) {
    if (error instanceof CaLacksTask) return [];
    throw error;
  }
}
