import { reasonName } from '../../channel/reasons.js';
import type { FoundCertificate } from '../../model/ca-register.js';
import type { RaStore } from '../../store/contract/ra.js';
import { parseCertificate } from '../../x509/certificate.js';
import { wireType } from '../../x509/certificate-names.js';
import { formatDn } from '../../x509/name.js';
import { firstFromPem } from '../../x509/pem.js';

/**
 * Finds a certificate in this RA's own records when the CA has lost its record; null when this RA has none
 * either.
 */
export async function foundHere(
  store: Pick<RaStore, 'findCertificateBySerial' | 'getOrder'>,
  serial: string,
): Promise<FoundCertificate | null> {
  const own = await store.findCertificateBySerial(serial);
  if (own === null) return null;
  const certificate = parseCertificate(firstFromPem('CERTIFICATE', own.chain));
  const order = await store.getOrder(own.orderId);
  return {
    serial,
    dn: formatDn(certificate.subject),
    cn: certificate.commonName ?? own.identifiers[0]?.value ?? '',
    profile: order?.order.profile ?? '',
    state: own.revokedAt === null ? 'good' : 'revoked',
    notBefore: own.notBefore,
    notAfter: own.notAfter,
    names: own.identifiers.map(({ type, value }) => ({ type: wireType(type), value })),
    revokedAt: own.revokedAt,
    reason: own.revocationReason === null ? null : reasonName(own.revocationReason),
    issuedAt: own.notBefore,
    orderId: own.orderId,
    accountId: own.accountId,
  };
}
