import type { Logger } from 'pino';
import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CertificateRecord } from '../../store/contract/ca.js';
import { parseCertificate } from '../../x509/certificate.js';
import { REVOCATION_REASON } from '../../x509/crl.js';
import { spkiFingerprint } from '../../x509/spki.js';
import type { Certifier } from '../issue/certifier.js';
import { certificateNotFound } from '../lookup.js';
import type { RegisteredPeers } from '../peers/registered-peers.js';
import type { Crls } from './crls.js';

interface RevocationOptions {
  certifier: Pick<Certifier, 'store' | 'clock'>;
  crls: Pick<Crls, 'publish'>;
  peers: Pick<RegisteredPeers, 'look'>;
  log: Pick<Logger, 'info' | 'error'>;
}

/** Profile of the CA's issuers, which are recorded as certificates of their root. */
export const AUTHORITY_PROFILE = 'ca';

/** Profiles whose holders are admitted to the operations socket. */
const PEER_PROFILES = new Set(['ra', 'admin']);

/**
 * Revokes certificates. A revocation is on disk when its promise resolves. The CRL with it is made in the
 * background, so that a slow CRL does not delay the answer.
 */
export class Revocation {
  constructor(private readonly options: RevocationOptions) {}

  /**
   * Revokes a certificate; `already` when it was revoked before. One on hold may be revoked for any other reason, and a
   * revoked one for keyCompromise, because verifiers treat that differently. After keyCompromise no certificate is issued
   * for its key. @throws TaskError for removeFromCRL, which a complete CRL cannot have
   */
  async revoke(certificate: CertificateRecord, reason: number, by: Actor): Promise<{ already: boolean }> {
    if (reason === REVOCATION_REASON.removeFromCRL) {
      throw new TaskError(ErrorCode.validation, 'removeFromCRL ends a hold: use unrevoke'); // RFC 5280 §5.3.1
    }
    if (certificate.profile === AUTHORITY_PROFILE) {
      throw new TaskError(
        ErrorCode.certificate,
        `${certificate.cn} is an issuer of this CA: it is revoked on its machine, by upki ca rollover issuer --revoke`,
      );
    }
    const { certifier, log } = this.options;
    const { serial } = certificate;
    const compromised = reason === REVOCATION_REASON.keyCompromise ? keyFingerprintOf(certificate) : null;
    const outcome = await certifier.store.revoke(serial, certifier.clock(), reason, by, compromised);
    if (outcome === 'unknown') throw certificateNotFound(serial);
    if (outcome === 'already') return { already: true };
    log.info({ serial, cn: certificate.cn, reason }, 'certificate revoked');
    // An RA whose certificate is revoked is disconnected.
    if (PEER_PROFILES.has(certificate.profile)) await this.options.peers.look();
    this.options.crls.publish(certificate.issuer);
    return { already: false };
  }

  /** Takes a certificate off hold. @throws TaskError when it is not on hold. */
  async unrevoke(certificate: CertificateRecord, by: Actor): Promise<void> {
    const { certifier, log } = this.options;
    const { serial, cn } = certificate;
    if (!(await certifier.store.unrevoke(serial, by))) {
      throw new TaskError(ErrorCode.certificate, `Certificate is not on hold: ${cn}`);
    }
    log.info({ serial, cn }, 'certificate taken off hold');
    this.options.crls.publish(certificate.issuer);
  }

  /** Revokes a certificate (cessationOfOperation) if it is good, and hides certificate and node from listings. */
  async delete(certificate: CertificateRecord, by: Actor): Promise<void> {
    const { store, clock } = this.options.certifier;
    await this.revoke(certificate, REVOCATION_REASON.cessationOfOperation, by);
    await store.markDeleted(certificate.serial, clock(), by);
    await store.removeNode(certificate.cn, by);
  }
}

/** Base64url SHA-256 of the SubjectPublicKeyInfo; null for a record that has only a serial. */
export function keyFingerprintOf({ der }: CertificateRecord): string | null {
  return der.length === 0 ? null : spkiFingerprint(parseCertificate(der).spki);
}
