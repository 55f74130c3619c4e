import type { Logger } from 'pino';
import { SingleFlight } from '../lib/single-flight.js';
import type { AuditPosition, AuditTrail } from './contract/audit.js';
import { AuditCheck, type AuditFault, type AuditHead } from './rows/audit-chain.js';

/** Records followed in one step, and the pause between steps: two million records a day, for next to nothing. */
const STEP = 500;
const STEP_EVERY = 20_000;

/**
 * Follows the chains of an audit log all the time, from the first record to the last and then from the first again. New records
 * are reached within a round; what was cut off the end after a round is found by the heads of the round before.
 */
export class AuditWatch {
  /** Null: the next step begins a round. */
  #check: AuditCheck | null = null;
  /** Where the round before ended. */
  #noted: AuditHead[] = [];
  #after: AuditPosition | null = null;
  #fault: AuditFault | null = null;
  #timer: NodeJS.Timeout | undefined;
  readonly #stepping = new SingleFlight(() =>
    this.step().catch((error) => this.log.error({ err: error }, 'the audit log could not be followed')),
  );

  constructor(
    private readonly trail: Pick<AuditTrail, 'readAudit' | 'auditCuts'>,
    private readonly log: Pick<Logger, 'error'>,
  ) {}

  /** The first record that is not as it was written, or not where it was; null: none was found so far. It stays. */
  get fault(): AuditFault | null {
    return this.#fault;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#stepping.join(), STEP_EVERY);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#stepping.idle();
  }

  /** Follows the next records. */
  async step(): Promise<void> {
    this.#check ??= new AuditCheck(this.#noted, await this.trail.auditCuts());
    const check = this.#check;
    const page = await this.trail.readAudit({ after: this.#after, limit: STEP });
    let fault = check.add(page);
    // Cut and trimmed while it was followed: the next round begins behind the cut.
    if (fault !== null && (await this.#wasCut(fault.position))) {
      this.#begin([]);
      return;
    }
    const last = page.at(-1);
    if (fault === null && last !== undefined && page.length === STEP) {
      this.#after = { chain: last.chain, sequence: last.sequence };
      return;
    }
    fault ??= check.end();
    if (fault !== null && this.#fault === null) {
      this.#fault = fault;
      this.log.error(fault, 'the audit log is broken');
    }
    this.#begin(fault === null ? check.heads() : []);
  }

  #begin(noted: AuditHead[]): void {
    this.#noted = noted;
    this.#check = null;
    this.#after = null;
  }

  async #wasCut({ chain, sequence }: AuditPosition): Promise<boolean> {
    const cuts = await this.trail.auditCuts();
    return cuts.some((cut) => cut.chain === chain && cut.sequence >= sequence);
  }
}
