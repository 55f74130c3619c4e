import type { RaStore } from '../store/contract/ra.js';

/** Names a setting of the store; the base follows. One a base, so that replicas never overwrite each other's. */
const PREFIX = 'acme base ';
/** Longer than any name and port: what is longer was never stored. */
const MAX_BASE = 300;

/**
 * The bases (scheme, host and port) under which this RA ever named its accounts. A client names its account by the URL it
 * was given, for years (RFC 8555 §6.2); an RA that gets another name, port or scheme still knows it by that.
 */
export class FormerBases {
  readonly #known = new Set<string>();

  constructor(private readonly store: Pick<RaStore, 'getSetting' | 'putSetting'>) {}

  /** Stored when this resolves, which is to be before a client is told a URL under it. @throws StoreUnavailable */
  async remember(base: string): Promise<void> {
    if (this.#known.has(base)) return;
    const name = PREFIX + base;
    if ((await this.store.getSetting(name)) === null)
      await this.store.putSetting(name, new Date().toISOString());
    this.#known.add(base);
  }

  /** @throws StoreUnavailable */
  async includes(base: string): Promise<boolean> {
    if (this.#known.has(base)) return true;
    if (base.length > MAX_BASE || (await this.store.getSetting(PREFIX + base)) === null) return false;
    this.#known.add(base);
    return true;
  }
}
