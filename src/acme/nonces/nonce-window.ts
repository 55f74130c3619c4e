import { randomBytes } from 'node:crypto';
import { ISSUER_BYTES, NONCE_KEY_BYTES, NonceForm } from './nonce-form.js';
import { NONCE_LIFETIME, type Nonces, type NonceVerdict } from './nonces.js';

/**
 * Replay nonces (RFC 8555 §6.5) of one process, that cost no write.
 *
 * To accept each only once, a ring of bits has one bit for each of the last `window` counters: making a nonce clears its
 * bit, spending it sets it. A nonce the ring has gone round since, or older than `lifetime`, is expired. The key and the
 * issuer are new in every process: what an earlier run gave out is unknown here, and the client tries again with the nonce
 * that comes with the refusal (§6.5), which costs it one round trip.
 *
 * Sizing: an unused nonce is good until `window` others were made. The default, 4,194,304 in 512 KiB, is over an
 * hour at 1,000 requests a second. Making or spending one costs about 1 µs.
 */
const WINDOW = 2 ** 22;

interface NonceWindowOptions {
  clock?: () => number;
  random?: (bytes: number) => Buffer;
  /** How many nonces are tracked; a multiple of 32. */
  window?: number;
  /** Milliseconds. */
  lifetime?: number;
}

export class NonceWindow implements Nonces {
  readonly #clock: () => number;
  readonly #form: NonceForm;
  readonly #issuer: Buffer;
  readonly #window: number;
  readonly #lifetime: number;
  /** Bit `counter mod window`: spent. */
  readonly #spent: Uint32Array;
  #next = 0;

  constructor(options: NonceWindowOptions = {}) {
    const { clock = Date.now, random = randomBytes, window = WINDOW, lifetime = NONCE_LIFETIME } = options;
    if (!(window > 0) || window % 32 !== 0) throw new RangeError(`nonce window ${window}: a multiple of 32`);
    this.#clock = clock;
    this.#form = new NonceForm(random(NONCE_KEY_BYTES));
    this.#issuer = random(ISSUER_BYTES);
    this.#window = window;
    this.#lifetime = lifetime;
    this.#spent = new Uint32Array(window / 32);
  }

  /** A fresh nonce, base64url. */
  mint(): string {
    const counter = this.#next++;
    this.#setSpent(counter, false);
    return this.#form.write(this.#issuer, counter, Math.floor(this.#clock() / 1000));
  }

  /** Returns `ok` exactly once for each of our nonces. */
  spend(nonce: string): NonceVerdict {
    const read = this.#form.read(nonce);
    if (read === null) return 'unknown';
    const { counter, second } = read;
    const age = this.#clock() - second * 1000;
    if (age > this.#lifetime || counter < this.#next - this.#window) return 'expired';
    if (this.#isSpent(counter)) return 'spent';
    this.#setSpent(counter, true);
    return 'ok';
  }

  #isSpent(counter: number): boolean {
    const slot = counter % this.#window;
    return ((this.#spent[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0;
  }

  #setSpent(counter: number, spent: boolean): void {
    const slot = counter % this.#window;
    const word = this.#spent[slot >>> 5] ?? 0;
    const bit = 1 << (slot & 31);
    this.#spent[slot >>> 5] = spent ? word | bit : word & ~bit;
  }
}
