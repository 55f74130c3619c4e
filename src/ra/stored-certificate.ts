import { X509Certificate } from 'node:crypto';
import type { Certificate } from '../model/facts.js';
import { StoreRefused } from '../store/contract/errors.js';
import { certificateFingerprint } from '../x509/certificate.js';
import { DerError } from '../x509/der-error.js';
import { firstFromPem, fromPem } from '../x509/pem.js';

/** Limit of verified issuing chains: the current one and earlier ones. */
const MOST_CHAINS = 20;

/** The last line of a certificate in PEM. */
const END = '-----END CERTIFICATE-----';

/** Verifies certificates from the database before they are served, because disk pages may be damaged. */
export class StoredCertificates {
  readonly #proven = new WeakSet<Certificate>();
  readonly #chains = new Set<string>();

  /**
   * Returns the certificate if it is intact: the leaf has the stored fingerprint, and each certificate of the chain signed the one before.
   * @throws StoreRefused naming the certificate
   */
  asIssued(certificate: Certificate): Certificate {
    if (this.#proven.has(certificate)) return certificate;
    if (!this.#isAsIssued(certificate)) {
      throw new StoreRefused(
        `the certificate with the serial ${certificate.serial} in the database is not what was stored: the database is damaged. Look ` +
          'at it with `upki store check`, and restore the last backup whose check succeeds',
      );
    }
    this.#proven.add(certificate);
    return certificate;
  }

  #isAsIssued({ chain, fingerprint }: Certificate): boolean {
    const leaf = chain.slice(0, chain.indexOf(END) + END.length);
    try {
      if (certificateFingerprint(firstFromPem('CERTIFICATE', leaf)) !== fingerprint) return false;
      return this.#leadsUp(chain, chain.slice(leaf.length));
    } catch (error) {
      if (error instanceof DerError) return false;
      throw error;
    }
  }

  /** Whether each certificate is signed by the next. The text above the leaf is recognised when it was verified before. */
  #leadsUp(chain: string, above: string): boolean {
    if (this.#chains.has(above)) return true;
    const certificates = fromPem('CERTIFICATE', chain);
    if (!isSignedByNext(certificates)) return false;
    if (certificates.length > 1 && this.#chains.size < MOST_CHAINS) this.#chains.add(above);
    return true;
  }
}

function isSignedByNext(chain: readonly Buffer[]): boolean {
  try {
    const certificates = chain.map((der) => new X509Certificate(der));
    return certificates.every((each, index) => {
      const issuer = certificates[index + 1];
      return issuer === undefined || each.verify(issuer.publicKey);
    });
  } catch {
    return false;
  }
}
