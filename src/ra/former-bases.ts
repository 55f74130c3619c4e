import { monotonic } from '../lib/monotonic.js';
import type { RaStore } from '../store/contract/ra.js';

/**
 * Prefix of the settings in the store; the base follows. One setting per base, so that replicas never
 * overwrite each other's.
 */
const PREFIX = 'acme base ';
/** Longer than any name and port; a longer base was never stored. */
const MAX_BASE = 300;
/** How long the list of bases is cached, in ms. */
const FRESH_FOR = 5_000;

/**
 * The bases (scheme, host and port) under which this RA ever gave out account URLs. A client names its
 * account by the URL it was given, for years (RFC 8555 §6.2), so an RA that gets another name, port or scheme
 * must still recognise it.
 */
export class FormerBases {
  readonly #known = new Set<string>();

  #all: { bases: readonly string[]; until: number } | null = null;

  constructor(
    private readonly store: Pick<RaStore, 'getSetting' | 'listSettings' | 'putSetting'>,
    private readonly clock: () => number = monotonic,
  ) {}

  /**
   * Resolves when the base is stored, which must be before a client is given a URL under it.
   * @throws StoreUnavailable
   */
  async remember(base: string): Promise<void> {
    if (this.#known.has(base)) return;
    const name = PREFIX + base;
    if ((await this.store.getSetting(name)) === null)
      await this.store.putSetting(name, new Date().toISOString());
    this.#known.add(base);
    this.#all = null;
  }

  /** All bases; one that a replica adds is seen a moment later. @throws StoreUnavailable */
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
