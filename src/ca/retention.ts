import type { CaStore } from '../store/contract/ca.js';

/** Rows of one bounded step. */
const STEP = 200;

/** Deletes what the CA has kept long enough. */
export class CaRetention {
  constructor(
    private readonly store: Pick<CaStore, 'purgeCertificates' | 'purgeDocuments' | 'countPurgeable'>,
    /** How long certificates are kept after their end, in ms; null: for ever. */
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

  /** How many rows there are to remove now. Takes time proportional to their number. */
  async count(now: number): ReturnType<CaStore['countPurgeable']> {
    if (this.keepCertificates === null) return { certificates: 0, documents: 0 };
    return this.store.countPurgeable(now - this.keepCertificates);
  }
}
