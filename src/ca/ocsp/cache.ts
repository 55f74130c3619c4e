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
  /** What the certificate's state was when these were signed. */
  state: string;
  /** By CertID: the same certificate may be asked about by several hashes. */
  slots: Map<string, Slot>;
}

/** Given again until this part of its life is over, so that what a client gets is good for a while. */
const REUSED_FOR = 1 / 2;

/**
 * Responses signed once and given to many, by certificate; the least recently asked about go first. Whoever asks says
 * what state the certificate is in, and all that was signed for any other is dropped: nothing out of date is given, nor
 * is anything older than what somebody may have been told in between.
 */
export class OcspCache {
  readonly #entries: BoundedMap<string, Entry>;

  /** @param capacity certificates kept */
  constructor(capacity: number) {
    this.#entries = new BoundedMap(capacity);
  }

  /** The response kept, or the one `sign` makes: once, however many ask meanwhile. */
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

  /** Somebody is told this state without the cache. */
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

/** Also not when the clock was set back behind it. */
function isFresh({ signedAt, nextUpdate }: SignedResponse, now: number): boolean {
  return signedAt <= now && now < signedAt + (nextUpdate - signedAt) * REUSED_FOR;
}
