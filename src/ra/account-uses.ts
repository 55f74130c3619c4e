import type { AccountUse } from '../store/contract/ra/accounts.js';
import type { RaStore } from '../store/contract/ra.js';

/** Limit of accounts noted between two writes; the use of further accounts is not noted. */
const MOST = 10_000;
/** Interval of the writes, in ms. */
const INTERVAL = 20_000;

/**
 * Notes when and from which address accounts were last used. A signed request costs one map entry; many notes are written together, and
 * a crash loses those of the last seconds.
 */
export class AccountUses {
  #noted = new Map<string, AccountUse>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly store: Pick<RaStore, 'noteAccountUses'>,
    private readonly clock: () => number,
    private readonly onError: (error: unknown) => void,
  ) {}

  note(id: string, from: string): void {
    if (this.#noted.size < MOST || this.#noted.has(id)) this.#noted.set(id, { id, at: this.clock(), from });
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), INTERVAL);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    await this.flush();
  }

  /** Writes the notes. */
  async flush(): Promise<void> {
    if (this.#noted.size === 0) return;
    const uses = [...this.#noted.values()];
    this.#noted = new Map();
    await this.store.noteAccountUses(uses).catch(this.onError);
  }
}
