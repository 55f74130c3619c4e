import { HOUR } from '../../lib/time.js';
import type { CaStore, ChangedEntry } from '../../store/contract/ca.js';
import { type CrlEntry, encodeCrlEntries, entriesWithout } from '../../x509/crl-entries.js';
import { encodePages } from './crl.js';

/** Entries read at a time: the database is asked a hundred times for a CRL of 100,000. */
const PAGE = 1_000;
/** Most changes that are applied to the entries of an earlier CRL. */
const MOST_CHANGES = 2_000;
/** All entries are read again after this time, so that certificates that ended leave the CRL. */
const FULL_EVERY = HOUR;

/** The CRL to be made. */
interface Wanted {
  number: number;
  /** The name under which the number was allocated; no other allocation has it. */
  allocation: string;
  now: number;
  /** Certificates that ended before are not listed. */
  endedFrom: number;
}

/** The last CRL that was made here. */
interface Base extends Wanted {
  entries: Buffer;
  /** When all its entries were last read. */
  fullAt: number;
  /**
   * Certificates that changed after its number was allocated and before its entries were read. It shows these changes, and they
   * are noted for the next CRL; if they are not then, the database lost them with its last transactions.
   */
  ahead: readonly string[];
}

/** Encoded entries; `ahead` as in Base, null when it cannot be known: the next CRL takes nothing over then. */
interface Read {
  entries: Buffer[];
  ahead: readonly string[] | null;
}

interface CrlEntriesOptions {
  store: CaStore;
  /** Tag of the issuer. */
  issuer: string;
}

/**
 * The entries of one CRL after another. Those of the last one stay, except of certificates that changed since its number was
 * allocated: these have the entries that the store has now, or none. So a CRL after a revocation reads one row, and the entries are
 * the same as if all were read, except that a certificate may be listed for some time after its end (RFC 5280 §3.3 allows it).
 */
export class CrlEntries {
  #base: Base | null = null;

  constructor(private readonly options: CrlEntriesOptions) {}

  /** The encoded entries of a CRL whose number was allocated just now, and the function that keeps them for the next one. */
  async of(wanted: Wanted): Promise<{ entries: Buffer[]; keep(entries: Buffer): void }> {
    const base = this.#base !== null && follows(wanted, this.#base) ? this.#base : null;
    const later = base && (await this.#after(base, wanted));
    if (later === null) this.forget();
    const { entries, ahead } = later ?? (await this.#inFull(wanted));
    const fullAt = base && later ? base.fullAt : wanted.now;
    return {
      entries,
      keep: (kept) => {
        this.#base = ahead && { ...wanted, entries: kept, fullAt, ahead };
      },
    };
  }

  /** Nothing of the last CRL is taken over. */
  forget(): void {
    this.#base = null;
  }

  /** Null when all entries must be read. */
  async #after(base: Base, wanted: Wanted): Promise<Read | null> {
    const { now, endedFrom } = wanted;
    const changed = await this.#changedSince(base, endedFrom);
    if (changed === null) return null;
    // Several changes of one certificate show the same entry.
    const entries = new Map(changed.map(({ serial, entry }) => [serial, entry]));
    if (!base.ahead.every((serial) => entries.has(serial))) return null;
    const listed = [...entries.values()].filter((entry) => entry !== null);
    return {
      entries: [
        ...(await entriesWithout(base.entries, entries.keys())),
        encodeCrlEntries(listed.map((entry) => notInFuture(entry, now))),
      ],
      ahead: changed.flatMap(({ number, serial }) => (number >= wanted.number ? [serial] : [])),
    };
  }

  async #inFull(wanted: Wanted): Promise<Read> {
    const entries = await encodePages(this.#pages(wanted));
    const changed = await this.#changedSince(wanted, wanted.endedFrom);
    return { entries, ahead: changed?.map(({ serial }) => serial) ?? null };
  }

  #changedSince({ number, allocation }: Wanted, endedFrom: number): Promise<ChangedEntry[] | null> {
    const { store, issuer } = this.options;
    return store.listChanged({ issuer, number, allocation, limit: MOST_CHANGES, endedFrom });
  }

  async *#pages({ now, endedFrom }: Wanted): AsyncGenerator<CrlEntry[]> {
    const { store, issuer } = this.options;
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<CaStore['listRevoked']>> = await store.listRevoked({
        ...{ issuer, after, limit: PAGE, endedFrom },
      });
      yield page.items.map((entry) => notInFuture(entry, now));
      after = page.next;
    } while (after !== null);
  }
}

/**
 * Whether the entries of `base` are good for this CRL. Those made with a clock that was ahead may have dates in the future, or lack
 * certificates that had ended by that clock. The number is not greater when the database lost its last transactions.
 */
function follows({ number, now, endedFrom }: Wanted, base: Base): boolean {
  return (
    number > base.number && now >= base.now && now < base.fullAt + FULL_EVERY && endedFrom >= base.endedFrom
  );
}

/** Some verifiers accept a certificate until a revocation time in the future, which a clock that was ahead may have set. */
function notInFuture(entry: CrlEntry, now: number): CrlEntry {
  return entry.revokedAt > now ? { ...entry, revokedAt: now } : entry;
}
