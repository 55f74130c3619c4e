import type { CertificateAuthority, IssuedCertificate } from '../../model/ca.js';
import type { RaStore } from '../../store/contract/ra.js';
import { revokeRecorded } from '../ca/revoke-recorded.js';
import type { NodeCertificates } from './node-certificates.js';

/**
 * The actions of a certificate's holder, who has proved possession of its key. Serials are lower-case hex.
 * @throws CaUnavailable, CaRefused, StoreUnavailable, Refused
 */
export interface OwnCertificates {
  /** Issues a certificate with the same names and profile for the key of a CSR (DER); the old one stays valid. */
  reissue(serial: string, csr: Uint8Array): Promise<IssuedCertificate>;
  /** Revokes with an RFC 5280 §5.3.1 reason code, on disk at the CA and here when this resolves. `already`: it was revoked before. */
  revoke(serial: string, reason: number): Promise<{ already: boolean }>;
}

export interface OwnCertificatesOptions {
  ca: Pick<CertificateAuthority, 'reissue' | 'revoke' | 'revokeShown'>;
  store: Pick<RaStore, 'findCertificateBySerial' | 'recordRevocation'>;
  certificates: Pick<NodeCertificates, 'renew'>;
  clock: () => number;
  onRevocation(revocation: { serial: string; reason: number; accountId: null }): void;
}

export function createOwnCertificates({
  ca,
  store,
  certificates,
  clock,
  onRevocation,
}: OwnCertificatesOptions): OwnCertificates {
  return {
    reissue: (serial, csr) => certificates.renew(serial, () => ca.reissue(serial, csr)),
    async revoke(serial, reason) {
      const outcome = await revokeRecorded({ ca, store }, serial, reason);
      // A certificate of an ACME order is revoked in this RA's own record too (RFC 8555 §7.6, RFC 9773 §4.2).
      await store.recordRevocation(serial, clock(), reason);
      if (!outcome.already) onRevocation({ serial, reason, accountId: null });
      return outcome;
    },
  };
}
