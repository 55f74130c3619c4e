import { monotonic } from '../lib/monotonic.js';
import type { RaStore } from '../store/contract/ra.js';

/** Names a setting of the store; the base follows. One a base, so that replicas never overwrite each other's. */
const PREFIX = 'acme base ';
/** Longer than any name and port: what is longer was never stored. */
const MAX_BASE = 300;
/** How long a list of all bases is used, in ms. */
const FRESH_FOR = 5_000;

/**
 * The bases (scheme, host and port) under which this RA ever named its accounts. A client names its account by the URL it
 * was given, for years (RFC 8555 §6.2); an RA that gets another name, port or scheme still knows it by that.
 */
export class FormerBases {
  readonly #known = new Set<string>();

  #all: { bases: readonly string[]; until: number } | null = null;

  constructor(
    private readonly store: Pick<RaStore, 'getSetting' | 'listSettings' | 'putSetting'>,
    private readonly clock: () => number = monotonic,
  ) {}

  /** Stored when this resolves, which is to be before a client is told a URL under it. @throws StoreUnavailable */
  async remember(base: string): Promise<void> {
    if (this.#known.has(base)) return;
    const name = PREFIX + base;
    if ((await this.store.getSetting(name)) === null)
      await this.store.putSetting(name, new Date().toISOString());
    this.#known.add(base);
    this.#all = null;
  }

  /** All of them, as they were moments ago where a replica adds one. @throws StoreUnavailable */
  async all(): Promise<readonly string[]> {
    const now = this.clock();
    if (this.#all === null || now >= this.#all.until) {
      const names = await this.store.listSettings(PREFIX);
      this.#all = { bases: names.map((name) => name.slice(PREFIX.length)), until: now + FRESH_FOR };
    }
    return this.#all.bases;
  }

  /** @throws StoreUnavailable */
  async includes(base: string): Promise<boolean> {
    if (this.#known.has(base)) return true;
    if (base.length > MAX_BASE || (await this.store.getSetting(PREFIX + base)) === null) return false;
    this.#known.add(base);
    return true;
  }
}
