import { monotonic } from '../lib/monotonic.js';
import type { RaStore } from '../store/contract/ra.js';

/** Prefix of the settings in the store, followed by the base. Each base has a setting, so replicas never overwrite each other's. */
const PREFIX = 'acme base ';
/** Longer than any name with a port: a longer base is not in the store. */
const MAX_BASE = 300;
/**
 * Limit of the bases of requests. The client chooses the port in `Host`. An account URL whose base is not stored is found as long as the
 * name in it is the RA's.
 */
const MOST_ASKED = 1_000;
/** How long the list of bases is cached, in ms. */
const FRESH_FOR = 5_000;

/**
 * All bases (scheme, host and port) of the account URLs that this RA ever issued. A client identifies itself by its account URL for
 * years (RFC 8555 §6.2), so an RA whose name, port or scheme changes must still recognise the old URLs.
 */
export class FormerBases {
  readonly #known = new Set<string>();

  #all: { bases: readonly string[]; until: number } | null = null;

  constructor(
    private readonly store: Pick<RaStore, 'getSetting' | 'listSettings' | 'putSetting'>,
    private readonly clock: () => number = monotonic,
  ) {}

  /** Resolves when the base is stored; await it before a client gets a URL with this base. @throws StoreUnavailable */
  async remember(base: string): Promise<void> {
    if (this.#known.has(base)) return;
    const name = PREFIX + base;
    if ((await this.store.getSetting(name)) === null)
      await this.store.putSetting(name, new Date().toISOString());
    this.#known.add(base);
    this.#all = null;
  }

  /** As `remember`, for the base of a request: at most `MOST_ASKED` are stored. @throws StoreUnavailable */
  async rememberAsked(base: string): Promise<void> {
    if (this.#known.has(base) || (await this.all()).length >= MOST_ASKED) return;
    await this.remember(base);
  }

  /** All bases. A base that another replica adds appears within seconds. @throws StoreUnavailable */
  async all(): Promise<readonly string[]> {
    const now = this.clock();
    if (this.#all === null || now >= this.#all.until) {
      const names = await this.store.listSettings(PREFIX);
      // An older RA stored the base of any port, also of one above 65535.
      const bases = names.map((name) => name.slice(PREFIX.length)).filter((base) => URL.canParse(base));
      this.#all = { bases, until: now + FRESH_FOR };
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
