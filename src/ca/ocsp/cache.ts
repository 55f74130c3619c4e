import { BoundedMap } from '../../lib/bounded-map.js';

/** A signed response; times in ms. */
export interface SignedResponse {
  response: Buffer;
  signedAt: number;
  thisUpdate: number;
  nextUpdate: number;
}

interface Slot {
  made: Promise<SignedResponse>;
  /** Null while it is being signed. */
  done: SignedResponse | null;
}

interface Entry {
  /** The certificate's state when these were signed. */
  state: string;
  /** By CertID: requests may identify the same certificate with several hashes. */
  slots: Map<string, Slot>;
}

/** Responses are reused for this fraction of their validity, so that a client always gets one that stays valid for a while. */
const REUSED_FOR = 1 / 2;

/**
 * A cache of signed responses by certificate; the least recently used are evicted. The caller passes the
 * certificate's current state. Responses for any other state are dropped, so a cached response is never out
 * of date.
 */
export class OcspCache {
  readonly #entries: BoundedMap<string, Entry>;

  /** @param capacity number of certificates */
  constructor(capacity: number) {
    this.#entries = new BoundedMap(capacity);
  }

  /** The cached response, else the one that `sign` makes. Concurrent callers share one signature. */
  get(
    certificate: string,
    state: string,
    certId: string,
    now: number,
    sign: () => Promise<SignedResponse>,
  ): Promise<SignedResponse> {
    const slots = this.#entry(certificate, state).slots;
    const kept = slots.get(certId);
    if (kept !== undefined && (kept.done === null || isFresh(kept.done, now))) return kept.made;
    const slot: Slot = { made: sign(), done: null };
    slots.set(certId, slot);
    slot.made.then(
      (signed) => {
        slot.done = signed;
      },
      () => {
        if (slots.get(certId) === slot) slots.delete(certId);
      },
    );
    return slot.made;
  }

  /** Drops the responses of any other state; called when a state was reported without the cache. */
  told(certificate: string, state: string): void {
    if (this.#entries.get(certificate)?.state !== state) this.#entries.delete(certificate);
  }

  #entry(certificate: string, state: string): Entry {
    this.told(certificate, state);
    const entry = this.#entries.get(certificate) ?? { state, slots: new Map() };
    this.#entries.set(certificate, entry);
    return entry;
  }
}

/** False also when the clock was set back to before the signature. */
function isFresh({ signedAt, nextUpdate }: SignedResponse, now: number): boolean {
  return signedAt <= now && now < signedAt + (nextUpdate - signedAt) * REUSED_FOR;
}
