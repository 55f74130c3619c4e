import { BoundedMap } from '../lib/bounded-map.js';
import { DAY, HOUR, SECOND } from '../lib/time.js';
import type { ActivityCounts, ActivityHour } from '../store/contract/activity.js';
import type { RaEvents } from './events.js';

type Counts = Omit<ActivityHour, 'at'>;
type ActivityKind = keyof Counts;

/** How far back the counts go, in ms. */
const REPORTED = 30 * DAY;
/** Stored hours, with the current one. */
const KEPT = REPORTED / HOUR + 1;
/** Interval of the writes: other RAs see counts that much later, and a crash loses that much. */
const WRITE_EVERY = 10 * SECOND;

interface ActivityOptions {
  store: ActivityCounts;
  clock(): number;
  onError(error: Error): void;
}

/**
 * Counts issued certificates, failures and revocations by the hour. All RAs on a store add their counts there; it keeps at most 721
 * hours.
 */
export class Activity {
  /** Counts that are not in the store yet. */
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
    return this.options.store.listActivity(now - REPORTED, now);
  }

  /** Adds the waiting counts to the store. @throws StoreError; the counts then wait for the next write */
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

  /** Writes regularly, until `stop`. */
  start(): void {
    this.#timer = setInterval(() => void this.write().catch(this.options.onError), WRITE_EVERY);
    this.#timer.unref();
  }

  /** Writes the waiting counts. */
  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.write().catch(this.options.onError);
  }

  /** Wraps event handlers so that their events are counted too. */
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
