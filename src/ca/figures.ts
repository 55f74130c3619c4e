import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { SingleFlight } from '../lib/single-flight.js';
import { AuditWatch } from '../store/audit-watch.js';
import type { CaStore } from '../store/contract/ca.js';

/** Certificates examined in one step; pause between steps while more remain, in ms. */
const STEP = 200;
const STEP_PAUSE = 50;
/** Interval of the search for certificates past their renewal window, in ms. */
const LOOK_EVERY = 30_000;

/**
 * The CA's monitoring: finds certificates that were not renewed, in steps, and verifies the audit log.
 * Several CAs on one store do the same work, which is harmless and small.
 */
export class FiguresWatch {
  readonly audit: AuditWatch;
  #timer: NodeJS.Timeout | undefined;
  readonly #looking = new SingleFlight(() =>
    this.look().catch((error) =>
      this.log.error({ err: error }, 'it was not looked for certificates not renewed'),
    ),
  );
  #stopped = false;

  constructor(
    private readonly store: CaStore,
    private readonly clock: () => number,
    private readonly log: Pick<Logger, 'error'>,
  ) {
    this.audit = new AuditWatch(store, log);
  }

  start(): void {
    this.audit.start();
    const look = () => void this.#looking.join();
    look();
    this.#timer = setInterval(look, LOOK_EVERY);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await Promise.all([this.#looking.idle(), this.audit.stop()]);
  }

  /** Examines all certificates that passed their window since the last run, and some earlier ones that were not renewed. */
  async look(): Promise<void> {
    const now = this.clock();
    while (!this.#stopped && (await this.store.findNotRenewed(now, STEP)) === STEP) await pause(STEP_PAUSE);
    if (this.#stopped) return;
    await this.store.recheckNotRenewed(now, STEP);
    await this.store.foldCounts(now);
  }
}
