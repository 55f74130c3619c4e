import { randomBytes } from 'node:crypto';
import { MINUTE, SECOND } from './time.js';

/** The pause to the next step while there is more to do, and when there is not. */
const PAUSE = SECOND;
const INTERVAL = 10 * MINUTE;
/** Longer than a step takes: the one that purges goes on, and another takes over when it died. */
const LEASE = 2 * MINUTE;
/** The first look comes this long after the start. */
const FIRST = SECOND;

export interface PurgeOptions {
  /** One process at a time purges: true while it is this one. */
  takeLease(holder: string, now: number, until: number): Promise<boolean>;
  /** Takes one bounded step; true when there may be more. */
  remove(now: number): Promise<boolean>;
  clock(): number;
  onError(error: unknown): void;
}

/** Removes what is of no use any more in small steps, so that no step is proportional to what is stored. */
export class Purge {
  readonly #holder = randomBytes(12).toString('base64url');
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;

  constructor(private readonly options: PurgeOptions) {}

  start(): void {
    this.#later(FIRST);
  }

  /** Waits for the step under way. */
  async stop(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#running;
  }

  #later(pause: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#step().finally(() => {
        this.#running = null;
      });
    }, pause);
    this.#timer.unref();
  }

  async #step(): Promise<void> {
    const { takeLease, remove, clock, onError } = this.options;
    let more = false;
    try {
      const now = clock();
      more = (await takeLease(this.#holder, now, now + LEASE)) && (await remove(now));
    } catch (error) {
      onError(error);
    }
    if (this.#timer) this.#later(more ? PAUSE : INTERVAL);
  }
}
