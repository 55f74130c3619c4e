import { CaLacksTask, type CertificateAuthority, type KnownAuthority } from '../../model/ca.js';

type Ca = Pick<CertificateAuthority, 'authorities'>;

/**
 * The authorities of the CA. If the cached ones have none that `isWanted`, they are read again, because the CA may have created it just
 * now. Empty for a CA without the task.
 * @throws CaUnavailable
 */
export async function authoritiesWith(
  ca: Ca,
  isWanted: (authority: KnownAuthority) => boolean,
): Promise<readonly KnownAuthority[]> {
  const known = await knownAuthorities(ca);
  return known.length === 0 || known.some(isWanted) ? known : knownAuthorities(ca, 'now');
}

/** The roots and issuers, cached for some seconds, or read `now`. Empty for a CA without the task. @throws CaUnavailable */
export async function knownAuthorities(ca: Ca, when?: 'now'): Promise<readonly KnownAuthority[]> {
  try {
    return (await ca.authorities?.(when)) ?? [];
  } catch (error) {
    if (error instanceof CaLacksTask) return [];
    throw error;
  }
}
