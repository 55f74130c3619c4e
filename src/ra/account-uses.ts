import type { AccountUse, RaStore } from '../store/contract/ra.js';

/** Accounts noted between two writes; further ones are noted another time. */
const MOST = 10_000;
/** How often the notes are written, in ms. */
const INTERVAL = 20_000;

/**
 * When accounts were last used, and from where. Notes are written every few seconds, many in one step: a
 * signed request costs one map entry, and a crash loses a few seconds of notes.
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

  /** Writes what was noted. */
  async flush(): Promise<void> {
    if (this.#noted.size === 0) return;
    const uses = [...this.#noted.values()];
    this.#noted = new Map();
    await this.store.noteAccountUses(uses).catch(this.onError);
  }
}
