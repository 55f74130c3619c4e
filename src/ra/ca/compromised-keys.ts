import { monotonic } from '../../lib/monotonic.js';
import { SingleFlight } from '../../lib/single-flight.js';
import { CaLacksTask } from '../../model/ca.js';
import type { CaClient } from './client.js';

interface CompromisedKeysOptions {
  ca: Pick<CaClient, 'compromisedKeys'>;
  /** Called when a query to the CA failed. */
  onError(error: unknown): void;
  /** Milliseconds between two polls, and so the delay with which another RA's revocation is known here. */
  every?: number;
  now?: () => number;
}

/** Keys in one answer. */
const PAGE = 1_000;
const EVERY = 2_000;
/** Age up to which the copy counts as current, in ms. */
const RECENT = 200;
/** The longest wait for the CA, in ms. */
const PATIENCE = 1_000;
/** The poll interval while the CA lacks the task, in ms; another CA may replace it. */
const EVERY_WITHOUT_TASK = 60_000;
/** Interval at which all keys are read again, in ms: a restored CA database may number them again from the beginning. */
const READ_ALL_EVERY = 3600_000;

/**
 * The RA's copy of all keys of certificates that were revoked for keyCompromise. The CA refuses these keys itself; with the copy, the
 * RA refuses them before an order is used up, and as account keys. The copy is in memory: the first poll reads all keys, later polls
 * read the new ones. Keys are base64url SHA-256 of the SubjectPublicKeyInfo.
 */
export class CompromisedKeys {
  readonly #keys = new Set<string>();
  readonly #options: Required<CompromisedKeysOptions>;
  #after = 0;
  #readAllAt = 0;
  readonly #asking = new SingleFlight(() => this.#ask());
  #askedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: CompromisedKeysOptions) {
    this.#options = { every: EVERY, now: monotonic, ...options };
  }

  has(fingerprint: string): boolean {
    return this.#keys.has(fingerprint);
  }

  /** Polls at once and then regularly, until `stop`. */
  start(): void {
    const ask = async () => {
      let pause = this.#options.every;
      try {
        await this.refresh();
      } catch (error) {
        if (error instanceof CaLacksTask) pause = EVERY_WITHOUT_TASK;
        else this.#options.onError(error);
      }
      if (this.#timer) later(pause);
    };
    const later = (pause: number) => {
      this.#timer = setTimeout(ask, pause);
      this.#timer.unref();
    };
    later(0);
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Resolves when the copy has every key that the CA knew at the call. @throws CaUnavailable, CaLacksTask, CaRefused */
  refresh(): Promise<void> {
    return this.#asking.after();
  }

  /** Resolves when the copy is current, or after a second if the CA does not answer. Never rejects. */
  async recent(): Promise<void> {
    if (this.#options.now() - this.#askedAt < RECENT) return;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE);
    });
    await Promise.race([this.#asking.join().catch(() => undefined), over]);
    clearTimeout(timer);
  }

  async #ask(): Promise<void> {
    const now = this.#options.now();
    if (now >= this.#readAllAt) this.#after = 0;
    for (let full = true; full; ) {
      const { keys, next } = await this.#options.ca.compromisedKeys(this.#after, PAGE);
      for (const key of keys) this.#keys.add(key);
      this.#after = next;
      full = keys.length === PAGE;
    }
    if (now >= this.#readAllAt) this.#readAllAt = now + READ_ALL_EVERY;
    this.#askedAt = now;
  }
}
