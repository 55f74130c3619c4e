import { CaRefused, type CertificateAuthority } from '../../model/ca.js';
import type { RaStore } from '../../store/contract/ra.js';
import { firstFromPem } from '../../x509/pem.js';

/**
 * Revokes by serial. When the CA has lost its record of the certificate, for example by a restore, the RA sends the certificate from
 * its own records; the CA verifies its own signature and records it again. `already`: it was revoked before.
 * @throws CaRefused `notFound` when neither has a record, or only this RA has one and the CA did not sign it
 */
export async function revokeRecorded(
  {
    ca,
    store,
  }: {
    ca: Pick<CertificateAuthority, 'revoke' | 'revokeShown'>;
    store: Pick<RaStore, 'findCertificateBySerial'>;
  },
  serial: string,
  reason: number | null,
): Promise<{ already: boolean }> {
  try {
    return await ca.revoke(serial, reason);
  } catch (error) {
    if (!isUnknown(error) || !ca.revokeShown) throw error;
    const own = await store.findCertificateBySerial(serial);
    if (own === null) throw error;
    return ca.revokeShown(firstFromPem('CERTIFICATE', own.chain), reason).catch((shown) => {
      throw isUnknown(shown) ? onlyHere() : shown;
    });
  }
}

const isUnknown = (error: unknown): boolean => error instanceof CaRefused && error.kind === 'notFound';

const onlyHere = () =>
  new CaRefused(
    'this RA has a record of that certificate, but its CA has none and did not sign it: nothing was revoked',
    'notFound',
  );
