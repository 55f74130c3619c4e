import type { CaStore } from '../store/contract/ca.js';

/** Rows of one bounded step. */
const STEP = 200;

/** Deletes certificates and documents after the configured retention. */
export class CaRetention {
  constructor(
    private readonly store: Pick<CaStore, 'purgeCertificates' | 'purgeDocuments' | 'countPurgeable'>,
    /** How long certificates are stored after their expiry, in ms; null: for ever. */
    private readonly keepCertificates: number | null,
  ) {}

  /** One step of bounded work; true when there may be more. */
  async step(now: number): Promise<boolean> {
    if (this.keepCertificates === null) return false;
    const before = now - this.keepCertificates;
    const certificates = await this.store.purgeCertificates(before, STEP);
    const documents = await this.store.purgeDocuments(before, STEP);
    return certificates + documents > 0;
  }

  /** The number of rows that could be removed now. Takes time proportional to it. */
  async count(now: number): ReturnType<CaStore['countPurgeable']> {
    if (this.keepCertificates === null) return { certificates: 0, documents: 0 };
    return this.store.countPurgeable(now - this.keepCertificates);
  }
}
