import { CaLacksTask, type CertificateAuthority, type KnownAuthority } from '../../model/ca.js';
import { authorityKeyId, parseCertificate } from '../../x509/certificate.js';
import { firstFromPem } from '../../x509/pem.js';
import { issuingChain } from './authorities.js';

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

/**
 * PEM of the issuing chain of a certificate (PEM), issuer first, root left out: that of its own issuer, which may no longer be the one in
 * use. A CA without the task has one issuer.
 * @throws CaUnavailable
 */
export async function chainOf(
  certificate: string,
  ca: Pick<CertificateAuthority, 'authorities' | 'caCertificates'>,
): Promise<string> {
  const issuer = authorityKeyId(parseCertificate(firstFromPem('CERTIFICATE', certificate)));
  const all = await authoritiesWith(ca, ({ keyId }) => keyId === issuer);
  return issuingChain(issuer, all) ?? (await ca.caCertificates()).chain;
}
