import { DAY, HOUR } from '../lib/time.js';
import type { RaEvents } from './events.js';

export const ACTIVITY_KINDS = ['issued', 'failed', 'revoked'] as const;
export type ActivityKind = (typeof ACTIVITY_KINDS)[number];
export type Counts = Record<ActivityKind, number>;

/** What came of orders in one hour. */
export interface ActivityHour extends Counts {
  /** Its begin, in ms since the epoch. */
  at: number;
}

/** How long an hour is remembered. */
const REMEMBERED = 30 * DAY;

const NOTHING: Counts = { issued: 0, failed: 0, revoked: 0 };

/**
 * Counts by the hour what this RA issued over ACME, which validations failed, and what was revoked. At most 721 hours: what is older is
 * forgotten.
 */
export class Activity {
  readonly #hours: Map<number, Counts>;
  #changes = 0;

  constructor(
    private readonly clock: () => number,
    hours: readonly ActivityHour[] = [],
  ) {
    this.#hours = new Map(hours.map(({ at, ...counts }) => [at, counts]));
  }

  /** Grows with every event. */
  get changes(): number {
    return this.#changes;
  }

  note(kind: ActivityKind): void {
    const now = this.clock();
    const at = now - (now % HOUR);
    const counts = this.#hours.get(at) ?? { ...NOTHING };
    counts[kind] += 1;
    this.#changes += 1;
    if (this.#hours.has(at)) return;
    this.#hours.set(at, counts);
    for (const each of this.#hours.keys()) if (each < now - REMEMBERED) this.#hours.delete(each);
  }

  /** The hours in which something happened, oldest first. */
  hours(): ActivityHour[] {
    const oldest = this.clock() - REMEMBERED;
    return [...this.#hours]
      .filter(([at]) => at >= oldest)
      .map(([at, counts]) => ({ at, ...counts }))
      .sort((left, right) => left.at - right.at);
  }

  /** The same events, counted on their way. */
  counting(events: RaEvents): RaEvents {
    return {
      ...events,
      validation: (event) => {
        if (!event.result.ok) this.note('failed');
        events.validation(event);
      },
      finalization: (event) => {
        if (event.outcome === 'issued') this.note('issued');
        if (event.outcome === 'refused') this.note('failed');
        events.finalization(event);
      },
      revocation: (event) => {
        this.note('revoked');
        events.revocation(event);
      },
    };
  }
}
