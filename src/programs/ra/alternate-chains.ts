import { CaUnavailable, type CertificateAuthority } from '../../model/ca.js';
import { alternateChains } from '../../ra/ca/authorities.js';
import { authoritiesWith, knownAuthorities } from '../../ra/ca/find-authority.js';
import { authorityKeyId, parseCertificate } from '../../x509/certificate.js';
import { firstFromPem } from '../../x509/pem.js';

/** RFC 8555 §7.4.2: the other chains for a certificate (PEM, leaf first). The list is empty while the CA is unavailable. */
export async function otherChains(
  ca: Pick<CertificateAuthority, 'authorities'>,
  chain: string,
): Promise<readonly string[]> {
  try {
    const known = await knownAuthorities(ca);
    // Without a cross-certificate an issuer has one chain. Most downloads end here, before the chain is parsed.
    const isCrossed = known.some(({ kind }) => kind === 'cross');
    const isKnown = known.some(({ kind, certificate }) => kind === 'issuer' && chain.includes(certificate));
    if (isKnown && !isCrossed) return [];
    const issuer = authorityKeyId(parseCertificate(firstFromPem('CERTIFICATE', chain)));
    return alternateChains(chain, issuer, await authoritiesWith(ca, ({ keyId }) => keyId === issuer));
  } catch (error) {
    if (error instanceof CaUnavailable) return [];
    throw error;
  }
}
