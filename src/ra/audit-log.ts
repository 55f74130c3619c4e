import type { Actor, AuditEntry, AuditTrail } from '../store/contract/audit.js';

export interface AuditLimits {
  /** Refusals kept at once, when there were none for long. */
  burst: number;
  /** And a minute from then on: whoever is refused for nothing but noise does not fill the disk. */
  perMinute: number;
}

/** At the worst 14,400 refusals a day, some 4 MB. */
const LIMITS: AuditLimits = { burst: 100, perMinute: 10 };

type Event = Actor & Pick<AuditEntry, 'action' | 'details'>;

/** What is done through this RA and what is refused, in the store's audit log. */
export class AuditLog {
  #allowance: number;
  #refilledAt: number;
  #suppressed = 0;

  constructor(
    private readonly store: Pick<AuditTrail, 'appendAudit'>,
    private readonly clock: () => number,
    private readonly onError: (error: unknown) => void,
    private readonly limits: AuditLimits = LIMITS,
  ) {
    this.#allowance = limits.burst;
    this.#refilledAt = clock();
  }

  /** Resolves when it is on disk; await it before telling anybody of the success. @throws StoreUnavailable */
  done(event: Event): Promise<void> {
    return this.store.appendAudit({ ...event, at: this.clock(), outcome: 'success' });
  }

  /**
   * Keeps a refusal, unless there are too many; the next one kept tells how many were not. Nobody waits for it: a refusal
   * is a refusal, whether or not the disk takes it.
   */
  refused(event: Event & Pick<AuditEntry, 'outcome'>): void {
    if (!this.#allowed()) {
      this.#suppressed += 1;
      return;
    }
    const details = this.#suppressed > 0 ? { ...event.details, suppressed: this.#suppressed } : event.details;
    this.#suppressed = 0;
    this.store.appendAudit({ ...event, details, at: this.clock() }).catch(this.onError);
  }

  #allowed(): boolean {
    const now = this.clock();
    const { burst, perMinute } = this.limits;
    const refill = ((now - this.#refilledAt) / 60_000) * perMinute;
    this.#allowance = Math.min(burst, this.#allowance + Math.max(0, refill));
    this.#refilledAt = now;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }
}
