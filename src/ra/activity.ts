import { BoundedMap } from '../lib/bounded-map.js';
import { DAY, HOUR, SECOND } from '../lib/time.js';
import type { ActivityCounts, ActivityHour } from '../store/contract/activity.js';
import type { RaEvents } from './events.js';

type Counts = Omit<ActivityHour, 'at'>;
type ActivityKind = keyof Counts;

/** How far back the figures go, in ms. */
const TOLD = 30 * DAY;
/** Number of hours kept, besides the current one. */
const KEPT = TOLD / HOUR + 1;
/** Between two writes: as late may another RA see what was counted, and as much is forgotten in a crash. */
const WRITE_EVERY = 10 * SECOND;

interface ActivityOptions {
  store: ActivityCounts;
  clock(): number;
  onError(error: Error): void;
}

/**
 * Counts by the hour what came of orders and what was revoked. The counts are in the store, where all RAs on it add theirs; at most 721
 * hours are kept.
 */
export class Activity {
  /** Counted here and not yet in the store. */
  #waiting = new BoundedMap<number, Counts>(KEPT);
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: ActivityOptions) {}

  note(kind: ActivityKind): void {
    const now = this.options.clock();
    this.#count(now - (now % HOUR), { issued: 0, failed: 0, revoked: 0, [kind]: 1 });
  }

  /** The hours in which something happened at any RA, oldest first. */
  async hours(): Promise<ActivityHour[]> {
    await this.write();
    const now = this.options.clock();
    return this.options.store.listActivity(now - TOLD, now);
  }

  /** Adds what was counted here to the store. @throws StoreError; what was counted waits then */
  async write(): Promise<void> {
    const counted = this.#waiting;
    if (counted.size === 0) return;
    this.#waiting = new BoundedMap(KEPT);
    const hours = [...counted].map(([at, counts]) => ({ at, ...counts }));
    try {
      await this.options.store.addActivity(hours, KEPT);
    } catch (error) {
      for (const [at, counts] of counted) this.#count(at, counts);
      throw error;
    }
  }

  /** Writes from time to time, until `stop`. */
  start(): void {
    this.#timer = setInterval(() => void this.write().catch(this.options.onError), WRITE_EVERY);
    this.#timer.unref();
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.write().catch(this.options.onError);
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

  #count(at: number, { issued, failed, revoked }: Counts): void {
    const before = this.#waiting.get(at) ?? { issued: 0, failed: 0, revoked: 0 };
    this.#waiting.set(at, {
      issued: before.issued + issued,
      failed: before.failed + failed,
      revoked: before.revoked + revoked,
    });
  }
}
