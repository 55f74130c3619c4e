import { SingleFlight } from '../../lib/single-flight.js';
import { CaLacksTask, CaUnavailable } from '../../model/ca.js';

/** `size` is of the whole; `part` base64 of DER. */
export interface CrlPart {
  number: number;
  size: number;
  part: string;
}

/** How the CA is asked for its CRL. */
export interface CrlSource {
  /** From the beginning of the current one, as much as goes into one message; empty when its number is `unless`. */
  beginning(unless: number | null): Promise<CrlPart>;
  /** From `offset` on, of the one with this number; of the current one when the CA has it no more. */
  rest(number: number, offset: number): Promise<CrlPart>;
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
  readonly #asking = new SingleFlight(() => this.#fetch());

  constructor(private readonly source: CrlSource) {}

  /** The CRL that is current at some time after this call; callers that come while the CA is being asked share the next answer. */
  current(): Promise<Buffer> {
    return this.#asking.after();
  }

  async #fetch(): Promise<Buffer> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const copy = await this.#copy();
      if (copy) return copy;
    }
    throw new CaUnavailable('the CRL changes faster than it can be read');
  }

  /** Null when the CA had it no more before all was read. */
  async #copy(): Promise<Buffer | null> {
    let first: CrlPart;
    try {
      first = await this.source.beginning(this.#known?.number ?? null);
    } catch (error) {
      if (error instanceof CaLacksTask) return this.source.whole();
      throw error;
    }
    const { number, size } = first;
    if (number === this.#known?.number) return this.#known.der;
    const der = Buffer.alloc(size);
    let read = der.write(first.part, 0, 'base64');
    while (read < size) {
      const { number: same, part } = await this.source.rest(number, read);
      const octets = same === number ? der.write(part, read, 'base64') : 0;
      if (octets === 0) return null;
      read += octets;
    }
    this.#known = { number, der };
    return der;
  }
}
