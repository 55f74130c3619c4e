import { SingleFlight } from '../../lib/single-flight.js';
import { CaLacksTask, CaUnavailable } from '../../model/ca.js';

/** `size` is the length of the whole CRL; `part` is base64 of DER. */
interface CrlPart {
  number: number;
  size: number;
  part: string;
}

/** How the CA is asked for its CRL. */
export interface CrlSource {
  /**
   * The first part of the current CRL, as much as fits into one message; empty when its number is `unless`.
   */
  beginning(unless: number | null): Promise<CrlPart>;
  /**
   * The part of the CRL with this number from `offset` on; the current CRL's when the CA no longer has that
   * one.
   */
  rest(number: number, offset: number): Promise<CrlPart>;
  /** The whole CRL in one message, for CAs that know no parts. */
  whole(): Promise<Buffer>;
}

/** Reads tried before giving up: a CRL that changes faster than it is read comes from a CA in trouble. */
const MOST_TRIES = 5;

/**
 * The RA's copy of the CRL. Every request asks the CA for the current number, so that a revocation is seen at
 * once; the CRL itself, which may be megabytes, crosses the channel once, in parts.
 */
export class CrlCopy {
  #known: { number: number; der: Buffer } | null = null;
  readonly #asking = new SingleFlight(() => this.#fetch());

  constructor(private readonly source: CrlSource) {}

  /**
   * The CRL that is current at some time after this call. Callers that arrive while the CA is being asked
   * share the next answer.
   */
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

  /** Null when the CA replaced it before all of it was read. */
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
