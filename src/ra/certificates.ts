import type { CertificateAuthority } from '../model/ca.js';
import type { Account, Certificate } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import type { RaStore } from '../store/contract/ra.js';
import { authorityKeyId, parseCertificate } from '../x509/certificate.js';
import { firstFromPem } from '../x509/pem.js';
import { renewFrom } from './ca/authorities.js';
import { renewalWindow } from './renewal-info.js';
import { StoredCertificates } from './stored-certificate.js';

interface CertificatesOptions {
  store: Pick<RaStore, 'getCertificate' | 'findCertificateByAriId'>;
  ca: Pick<CertificateAuthority, 'authorities'>;
  clock(): number;
}

/** RFC 8555 §7.4.2 and RFC 9773: the certificates of orders, and when to renew them. */
export class Certificates {
  readonly #stored = new StoredCertificates();

  constructor(private readonly options: CertificatesOptions) {}

  /** The certificate, if it is this account's. @throws Problem; StoreRefused when the database is damaged */
  async get(account: Account, id: string, found = this.find(id)): Promise<Certificate> {
    const stored = await found;
    if (!stored) throw notFound();
    const certificate = this.#stored.asIssued(stored);
    if (certificate.accountId !== account.id)
      throw new Problem('unauthorized', "this certificate is another account's");
    return certificate;
  }

  /** A certificate of any account as stored, for `get`; null when there is none. */
  find(id: string): Promise<Certificate | null> {
    return this.options.store.getCertificate(id);
  }

  /** RFC 9773 §4.2: when to renew, in ms since the epoch. @throws Problem */
  async renewalInfo(ariId: string): Promise<{ start: number; end: number }> {
    const { store, clock } = this.options;
    const certificate = await store.findCertificateByAriId(ariId);
    if (!certificate) throw notFound();
    return renewalWindow(certificate, clock(), await this.#replacedFrom(certificate.chain));
  }

  /** When the certificates of this certificate's issuer must be replaced; null: never, or the CA does not answer. */
  async #replacedFrom(chain: string): Promise<number | null> {
    const all = (await this.options.ca.authorities?.().catch(() => [])) ?? [];
    if (all.length === 0) return null;
    return renewFrom(authorityKeyId(parseCertificate(firstFromPem('CERTIFICATE', chain))), all);
  }
}

const notFound = () => new Problem('malformed', 'there is no such certificate', { status: 404 });
