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

/**
 * Responses are reused for this part of their life, so that a client gets one that stays valid for a while.
 */
const REUSED_FOR = 1 / 2;

/**
 * A cache of signed responses by certificate; the least recently used are evicted. The caller states the
 * certificate's current state, and responses signed for any other state are dropped, so no response is out of
 * date.
 */
export class OcspCache {
  readonly #entries: BoundedMap<string, Entry>;

  /** @param capacity certificates kept */
  constructor(capacity: number) {
    this.#entries = new BoundedMap(capacity);
  }

  /** The cached response, or the one that `sign` makes: once, however many ask meanwhile. */
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

  /** Notes a state that was reported without the cache. */
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

/** False also when the clock was set back before the signature. */
function isFresh({ signedAt, nextUpdate }: SignedResponse, now: number): boolean {
  return signedAt <= now && now < signedAt + (nextUpdate - signedAt) * REUSED_FOR;
}
