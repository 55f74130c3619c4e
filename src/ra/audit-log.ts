import { addressSource } from '../lib/address-source.js';
import { BoundedMap } from '../lib/bounded-map.js';
import type { Actor, AuditEntry, AuditTrail } from '../store/contract/audit.js';

interface AuditLimits {
  /** Refusals recorded in a burst, after a quiet time. */
  burst: number;
  /** Refusals recorded per minute after the burst, so that a flood cannot fill the disk. */
  perMinute: number;
}

/** Limits for one peer and kind of refusal. All 30 kinds together allow one peer about 9,000 records, or 4 MB, a day. */
const OF_PEER: AuditLimits = { burst: 10, perMinute: 0.2 };
/** Limits for all peers together: a flood from many addresses adds at most 40 MB a day. */
const OF_ALL: AuditLimits = { burst: 1_000, perMinute: 60 };
/** Limit of budgets in memory; the least recently used are evicted first. */
const MAX_BUDGETS = 10_000;

type Event = Actor & Pick<AuditEntry, 'action' | 'details'>;

interface Refusal extends Event, Pick<AuditEntry, 'outcome'> {
  /** The peer proved its identity with a certificate of this PKI: all its refusals are recorded. */
  identified: boolean;
}

/** Records actions and refusals of this RA in the store's audit log. */
export class AuditLog {
  /** Budgets by the peer's address and the kind of refusal, so that a flood hides neither other peers nor other kinds. */
  readonly #budgets = new BoundedMap<string, Budget>(MAX_BUDGETS);
  readonly #all: Budget;

  constructor(
    private readonly store: Pick<AuditTrail, 'appendAudit'>,
    private readonly clock: () => number,
    private readonly onError: (error: unknown) => void,
    private readonly limits: { ofPeer: AuditLimits; ofAll: AuditLimits } = { ofPeer: OF_PEER, ofAll: OF_ALL },
  ) {
    this.#all = new Budget(limits.ofAll, clock());
  }

  /** Resolves when the record is on disk; await it before reporting success. @throws StoreUnavailable */
  done(event: Event): Promise<void> {
    return this.store.appendAudit({ ...event, at: this.clock(), outcome: 'success' });
  }

  /**
   * Records a refusal. Peers that are not identified have a budget; the next record of the same peer and kind has the
   * number of suppressed ones. The write is not awaited: the request is refused even if it fails.
   */
  refused({ identified, ...event }: Refusal): void {
    let { details } = event;
    if (!identified) {
      const budget = this.#budgetOf(event);
      const now = this.clock();
      if (!budget.has(now) || !this.#all.has(now)) {
        budget.suppressed += 1;
        return;
      }
      budget.spend();
      this.#all.spend();
      if (budget.suppressed > 0) details = { ...details, suppressed: budget.suppressed };
      budget.suppressed = 0;
    }
    this.store.appendAudit({ ...event, details, at: this.clock() }).catch(this.onError);
  }

  #budgetOf({ from, action, outcome }: Omit<Refusal, 'identified'>): Budget {
    const key = `${addressSource(from)} ${action} ${outcome}`;
    const budget = this.#budgets.get(key) ?? new Budget(this.limits.ofPeer, this.clock());
    this.#budgets.set(key, budget);
    return budget;
  }
}

/** A token bucket. */
class Budget {
  /** Refusals suppressed since the last record. */
  suppressed = 0;
  #left: number;

  constructor(
    private readonly limits: AuditLimits,
    private filledAt: number,
  ) {
    this.#left = limits.burst;
  }

  has(now: number): boolean {
    const { burst, perMinute } = this.limits;
    const refill = (Math.max(0, now - this.filledAt) / 60_000) * perMinute;
    this.#left = Math.min(burst, this.#left + refill);
    this.filledAt = now;
    return this.#left >= 1;
  }

  spend(): void {
    this.#left -= 1;
  }
}
