import type { Logger } from 'pino';
import { monotonic } from '../../lib/monotonic.js';
import { DAY, MINUTE, SECOND } from '../../lib/time.js';
import { CaLacksTask, CaRefused, CaUnavailable, type CertificateAuthority } from '../../model/ca.js';

/** Pause between two requests for the CA's health. */
const LOOK_EVERY = 10 * SECOND;
/** Clocks that differ by more are reported. */
const MOST_SKEW = MINUTE;
/** Pause before the same fault is logged again. */
const REMIND_EVERY = DAY;

interface CaHealthOptions {
  ca: Pick<CertificateAuthority, 'health' | 'ping'>;
  clock(): number;
  log: Pick<Logger, 'warn' | 'info'>;
}

/** Watches the CA's health and the difference between the CA's clock and ours, for readiness and for the log. */
export class CaHealthWatch {
  readonly #told = new Map<string, number>();

  constructor(private readonly options: CaHealthOptions) {}

  /** Requests the CA's faults now: sentences for the operator. @throws CaUnavailable, CaRefused */
  async troubles(): Promise<string[]> {
    const { ca, clock } = this.options;
    const began = monotonic();
    const health = await ca.health().catch((error: unknown) => {
      // An older CA has no such task.
      if (error instanceof CaLacksTask) return undefined;
      throw error;
    });
    if (health === undefined) {
      await ca.ping();
      return [];
    }
    const skew = skewSentence(clock(), health.time, monotonic() - began);
    return [...health.troubles, ...(skew === null ? [] : [skew])];
  }

  /** Starts logging each fault, once a day, and its end. Returns the function that stops the watch. */
  watch(): () => void {
    const timer = setInterval(() => {
      this.look().catch((err) => this.options.log.warn({ err }, 'it is not known how the CA is'));
    }, LOOK_EVERY);
    timer.unref();
    return () => clearInterval(timer);
  }

  /** An unavailable CA is reported elsewhere. */
  async look(): Promise<void> {
    const { log } = this.options;
    let troubles: string[];
    try {
      troubles = await this.troubles();
    } catch (error) {
      if (error instanceof CaUnavailable || error instanceof CaRefused) return;
      throw error;
    }
    const now = monotonic();
    const kinds = new Set(troubles.map(kindOf));
    for (const trouble of troubles) {
      const kind = kindOf(trouble);
      if (now < (this.#told.get(kind) ?? Number.NEGATIVE_INFINITY) + REMIND_EVERY) continue;
      this.#told.set(kind, now);
      log.warn(trouble);
    }
    for (const kind of this.#told.keys()) {
      if (kinds.has(kind)) continue;
      this.#told.delete(kind);
      log.info(kind === SKEW ? 'the clocks of RA and CA agree again' : `over: ${kind}`);
    }
  }
}

const SKEW = 'the clocks of RA and CA differ';
/** The sentence about the clocks contains times, so it is recognised by its beginning. */
const kindOf = (trouble: string): string => (trouble.startsWith(SKEW) ? SKEW : trouble);

/**
 * A sentence about the difference of two clocks (ms since the epoch); null while they agree within a minute.
 * @param took ms between request and answer; the CA may have read its clock at any moment of it
 */
export function skewSentence(ours: number, theirs: number, took: number): string | null {
  const ahead = ours - theirs;
  const known = ahead > 0 ? ahead - took : -ahead;
  if (known <= MOST_SKEW) return null;
  const [ra, ca] = [new Date(ours).toISOString(), new Date(theirs).toISOString()];
  return (
    `${SKEW} by ${inWords(Math.round(Math.abs(ahead) / SECOND) * SECOND)}: the RA's says ${ra}, the CA's ${ca}. ` +
    'Certificates may not be valid yet, or end early, until both are right'
  );
}

/** A duration in the largest unit that fits, rounded. */
function inWords(milliseconds: number): string {
  const units: [string, number][] = [
    ['year', 365 * DAY],
    ['day', DAY],
    ['hour', 60 * MINUTE],
    ['minute', MINUTE],
  ];
  const [name, size] = units.find(([, unit]) => milliseconds >= unit) ?? ['second', SECOND];
  const count = Math.round(milliseconds / size);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
