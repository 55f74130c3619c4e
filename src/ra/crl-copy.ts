import { CaLacksTask, CaUnavailable } from './certificate-authority.js';

/** How the CA is asked for its CRL. */
export interface CrlSource {
  /** From `offset` on, as much as goes into one message; empty when the current number is `unless`. */
  part(offset: number, unless: number | null): Promise<{ number: number; size: number; part: string }>;
  /** In one message: CAs that know no parts. */
  whole(): Promise<Buffer>;
}

/** A CRL that changes faster than it is read comes from a CA in trouble. */
const MOST_TRIES = 5;

/**
 * The RA's copy of the CRL. Every question asks the CA for the number of the current one, so that a revocation is seen as
 * soon as it is made; the CRL itself, which may be megabytes, crosses the channel once, in parts.
 */
export class CrlCopy {
  #known: { number: number; der: Buffer } | null = null;
  #asking: Promise<Buffer> | null = null;
  #next: Promise<Buffer> | null = null;

  constructor(private readonly source: CrlSource) {}

  /** The CRL that is current at some time after this call; callers that come while the CA is being asked share the next answer. */
  current(): Promise<Buffer> {
    if (!this.#asking) return this.#ask();
    this.#next ??= this.#asking
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.#ask();
      });
    return this.#next;
  }

  #ask(): Promise<Buffer> {
    this.#asking = this.#fetch().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #fetch(): Promise<Buffer> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const copy = await this.#copy();
      if (copy) return copy;
    }
    throw new CaUnavailable('the CRL changes faster than it can be read');
  }

  /** Null when another CRL became current in between. */
  async #copy(): Promise<Buffer | null> {
    let first: Awaited<ReturnType<CrlSource['part']>>;
    try {
      first = await this.source.part(0, this.#known?.number ?? null);
    } catch (error) {
      if (error instanceof CaLacksTask) return this.source.whole();
      throw error;
    }
    const { number, size } = first;
    if (number === this.#known?.number) return this.#known.der;
    const parts = [Buffer.from(first.part, 'base64')];
    for (let length = parts[0]?.length ?? 0; length < size; length += parts.at(-1)?.length ?? 0) {
      const { number: same, part } = await this.source.part(length, null);
      if (same !== number || part === '') return null;
      parts.push(Buffer.from(part, 'base64'));
    }
    const der = Buffer.concat(parts);
    this.#known = { number, der };
    return der;
  }
}
