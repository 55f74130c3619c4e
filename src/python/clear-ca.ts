import {
  type AcmeProfile,
  CaLacksTask,
  CaUnavailable,
  type CertificateAuthority,
  type EnrolmentRequest,
  type IssuedCertificate,
  type IssueRequest,
  type KnownAuthority,
  type NodeCertificates,
} from '../model/ca.js';
import type { CaDialect } from './ca-dialect.js';

/** The CA behind a channel in clear mode: whichever of the two answers there. */
export class ClearCa implements CertificateAuthority, NodeCertificates {
  #last: CertificateAuthority;

  constructor(
    private readonly dialect: CaDialect,
    private readonly each: { upki: CertificateAuthority & NodeCertificates; python: CertificateAuthority },
  ) {
    this.#last = each.upki;
  }

  async check(request: Pick<IssueRequest, 'csr' | 'identifiers'>): Promise<void> {
    await (await this.#current()).check?.(request);
  }

  async issue(request: IssueRequest): Promise<IssuedCertificate> {
    return (await this.#current()).issue(request);
  }

  async enroll(request: EnrolmentRequest): Promise<IssuedCertificate> {
    if ((await this.dialect.get()) === 'upki') return this.each.upki.enroll(request);
    throw new CaLacksTask('enroll');
  }

  async reissue(serial: string, csr: Uint8Array): Promise<IssuedCertificate> {
    if ((await this.dialect.get()) === 'upki') return this.each.upki.reissue(serial, csr);
    throw new CaLacksTask('reissue');
  }

  async revoke(serial: string, reason: number | null): Promise<{ already: boolean }> {
    return (await this.#current()).revoke(serial, reason);
  }

  async revokeShown(certificate: Uint8Array, reason: number | null): Promise<{ already: boolean }> {
    if ((await this.dialect.get()) === 'upki' && this.each.upki.revokeShown) {
      return this.each.upki.revokeShown(certificate, reason);
    }
    throw new CaLacksTask('revoke_certificate');
  }

  async profiles(): Promise<AcmeProfile[]> {
    return (await this.#currentOrLast()).profiles();
  }

  async caCertificates(): Promise<{ root: string; chain: string }> {
    return (await this.#currentOrLast()).caCertificates();
  }

  async crl(issuer?: string): Promise<Uint8Array> {
    return (await this.#current()).crl(issuer);
  }

  async authorities(): Promise<KnownAuthority[]> {
    return (await (await this.#currentOrLast()).authorities?.()) ?? [];
  }

  async ping(): Promise<void> {
    await (await this.#current()).ping();
  }

  async #current(): Promise<CertificateAuthority> {
    this.#last = this.each[await this.dialect.get()];
    return this.#last;
  }

  /** While the CA is away, the one heard last answers from what it remembers. */
  async #currentOrLast(): Promise<CertificateAuthority> {
    try {
      return await this.#current();
    } catch (error) {
      if (error instanceof CaUnavailable) return this.#last;
      throw error;
    }
  }
}
