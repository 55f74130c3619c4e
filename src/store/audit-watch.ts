import type { Logger } from 'pino';
import { SingleFlight } from '../lib/single-flight.js';
import type { AuditPosition, AuditTrail } from './contract/audit.js';
import { AuditCheck, type AuditFault, type AuditHead } from './rows/audit-chain.js';

/** Records verified in one step, and the pause between steps: two million records a day at little cost. */
const STEP = 500;
const STEP_EVERY = 20_000;

/**
 * Verifies the chains of an audit log continuously, from the first record to the last and then again. New
 * records are reached within a round; a removed end is found a round later, by the heads of the round before.
 */
export class AuditWatch {
  /** Null: the next step begins a round. */
  #check: AuditCheck | null = null;
  /** The heads at the end of the previous round. */
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

  /** The first record that was changed or moved; null when none was found so far. It stays set. */
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
    // Cut and trimmed while it was being verified: the next round begins behind the cut.
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
