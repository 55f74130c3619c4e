import { DAY } from '../lib/time.js';
import type { RaStore } from '../store/contract/ra.js';
import { KEEP_FAILURES, KEEP_FAILURES_FOR } from './failure-log.js';

/** How long the RA stores records, in ms; null: for ever. */
export interface RaKeeping {
  /** Certificates, after they expire. */
  certificates: number | null;
  /** Accounts without certificates, after their creation. */
  unusedAccounts: number | null;
  /** One bounded step of cutting the audit log; true when there may be more. */
  audit: ((now: number) => Promise<boolean>) | null;
}

/** Limit of rows in one step. */
const STEP = 500;
/** How long expired orders stay readable for their clients, in ms. */
const ORDER_GRACE = DAY;
/** A time before any record. */
const NEVER = Number.MIN_SAFE_INTEGER;

interface RaRetentionOptions {
  store: RaStore;
  keep: RaKeeping;
  /** Deletes accounts from the store and the caches; resolves with their number. */
  accounts: { purge(before: number, limit: number): Promise<number> };
}

/** Deletes records that the RA has stored long enough. */
export class RaRetention {
  constructor(private readonly options: RaRetentionOptions) {}

  /** One step of bounded work; true when there may be more. */
  async step(now: number): Promise<boolean> {
    const { store, accounts } = this.options;
    const { ended, expired, unused } = this.#before(now);
    await store.purgeFailures(now - KEEP_FAILURES_FOR, KEEP_FAILURES);
    const steps = [
      await store.purgeExpired(expired, STEP),
      await store.purgeFinished(expired, STEP),
      await store.purgeCertificates(ended, STEP),
      await accounts.purge(unused, STEP),
      await store.forgetAllowances(now, STEP),
    ];
    const cut = (await this.options.keep.audit?.(now)) ?? false;
    return cut || steps.some((removed) => removed > 0);
  }

  /** The number of rows to delete now. Takes time proportional to it. */
  count(now: number): ReturnType<RaStore['countPurgeable']> {
    return this.options.store.countPurgeable(this.#before(now));
  }

  #before(now: number): { ended: number; expired: number; unused: number } {
    const { certificates, unusedAccounts } = this.options.keep;
    return {
      ended: certificates === null ? NEVER : now - certificates,
      expired: now - ORDER_GRACE,
      unused: unusedAccounts === null ? NEVER : now - unusedAccounts,
    };
  }
}
