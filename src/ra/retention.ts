import { DAY } from '../lib/time.js';
import type { RaStore } from '../store/contract/ra.js';
import { KEEP_FAILURES, KEEP_FAILURES_FOR } from './failure-log.js';

/** How long the RA keeps things, in ms; null: for ever. */
export interface RaKeeping {
  /** Certificates, after their end. */
  certificates: number | null;
  /** Accounts, since they last had a certificate. */
  unusedAccounts: number | null;
  /** One bounded step of cutting the audit log; true when there may be more. */
  audit: ((now: number) => Promise<boolean>) | null;
}

/** Rows of one bounded step. */
const STEP = 500;
/** Expired orders stay readable this long, for a client that returns to see why. */
const ORDER_GRACE = DAY;
/** Before all time: nothing is older. */
const NEVER = Number.MIN_SAFE_INTEGER;

interface RaRetentionOptions {
  store: RaStore;
  keep: RaKeeping;
  /** Removes accounts from the store and the caches; resolves with how many. */
  accounts: { purge(before: number, limit: number): Promise<number> };
}

/** Removes what the RA has kept long enough. */
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

  /** How many rows there are to remove now. Takes time proportional to their number. */
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
