import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * Replay nonces (RFC 8555 §6.5) that cost no write.
 *
 * A nonce is 33 bytes, 44 base64url characters:
 *
 *     issuer (6, random) | counter (6) | second it was made (5) | MAC (16)
 *
 * The MAC is HMAC-SHA256 over the first 17 bytes, cut to 128 bits, under a key that lives in memory: nobody else
 * can make a nonce, so none need be remembered when it is given out. To accept each only once, a ring of bits has
 * one bit for each of the last `window` counters: making a nonce clears its bit, spending it sets it. A nonce the
 * ring has gone round since, or older than `lifetime`, is expired. The key and the issuer are new in every process: what
 * an earlier run or another replica gave out is unknown here, and the client tries again with the nonce that
 * comes with the refusal (§6.5), which costs it one round trip.
 *
 * Sizing: an unused nonce is good until `window` others were made. The default, 4,194,304 in 512 KiB, is over an
 * hour at 1,000 requests a second. Making or spending one costs about 3 µs.
 */
const WINDOW = 2 ** 22;
/** Clients keep nonces from one answer to the next, seldom longer than a poll; an hour forgives a suspended one. */
const LIFETIME = 3600_000;

const ISSUER = 6;
const COUNTER = 6;
const SECOND = 5;
const MARKED = ISSUER + COUNTER + SECOND;
const MAC = 16;
const FORM = /^[A-Za-z0-9_-]{44}$/;

export type NonceVerdict = 'ok' | 'unknown' | 'spent' | 'expired';

export interface NonceWindowOptions {
  clock?: () => number;
  random?: (bytes: number) => Buffer;
  /** How many nonces are remembered; a multiple of 32. */
  window?: number;
  /** Milliseconds. */
  lifetime?: number;
}

export class NonceWindow {
  readonly #clock: () => number;
  readonly #key: Buffer;
  readonly #issuer: Buffer;
  readonly #window: number;
  readonly #lifetime: number;
  /** Bit `counter mod window`: spent. */
  readonly #spent: Uint32Array;
  #next = 0;

  constructor(options: NonceWindowOptions = {}) {
    const { clock = Date.now, random = randomBytes, window = WINDOW, lifetime = LIFETIME } = options;
    if (!(window > 0) || window % 32 !== 0) throw new RangeError(`nonce window ${window}: a multiple of 32`);
    this.#clock = clock;
    this.#key = random(32);
    this.#issuer = random(ISSUER);
    this.#window = window;
    this.#lifetime = lifetime;
    this.#spent = new Uint32Array(window / 32);
  }

  /** A fresh nonce, base64url. */
  mint(): string {
    const counter = this.#next++;
    this.#setSpent(counter, false);
    const nonce = Buffer.allocUnsafe(MARKED + MAC);
    this.#issuer.copy(nonce);
    nonce.writeUIntBE(counter, ISSUER, COUNTER);
    nonce.writeUIntBE(Math.floor(this.#clock() / 1000), ISSUER + COUNTER, SECOND);
    this.#mac(nonce.subarray(0, MARKED)).copy(nonce, MARKED, 0, MAC);
    return nonce.toString('base64url');
  }

  /** `ok` once for each nonce of ours, and never again. */
  spend(nonce: string): NonceVerdict {
    if (!FORM.test(nonce)) return 'unknown';
    const bytes = Buffer.from(nonce, 'base64url');
    const marked = bytes.subarray(0, MARKED);
    if (!timingSafeEqual(this.#mac(marked).subarray(0, MAC), bytes.subarray(MARKED))) return 'unknown';
    const counter = bytes.readUIntBE(ISSUER, COUNTER);
    const age = this.#clock() - bytes.readUIntBE(ISSUER + COUNTER, SECOND) * 1000;
    if (age > this.#lifetime || counter < this.#next - this.#window) return 'expired';
    if (this.#isSpent(counter)) return 'spent';
    this.#setSpent(counter, true);
    return 'ok';
  }

  #mac(marked: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(marked).digest();
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
