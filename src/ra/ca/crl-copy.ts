import { SingleFlight } from '../../lib/single-flight.js';
import { CaLacksTask, CaUnavailable } from '../../model/ca.js';

/** `size` is the length of the whole CRL; `part` is DER, or base64 of it from a CA that sends no octets. */
interface CrlPart {
  number: number;
  size: number;
  part: string | Uint8Array;
}

/** The requests for the CA's CRL. */
export interface CrlSource {
  /** The first part of the current CRL, as much as fits into one message; empty when the CRL's number is `unless`. */
  beginning(unless: number | null): Promise<CrlPart>;
  /** The part from `offset` on of the CRL with this number, or of the current CRL if the CA no longer has that one. */
  rest(number: number, offset: number): Promise<CrlPart>;
  /** The whole CRL in one message, for CAs without the task of parts. */
  whole(): Promise<Buffer>;
}

/** Limit of reads. A CRL that is replaced faster than it is read points to a faulty CA. */
const MOST_TRIES = 5;
/**
 * Parts requested at a time. One by one, each part of a CRL of megabytes would wait for a turn of both event loops, which takes
 * long under load.
 */
const AT_ONCE = 4;

/**
 * The RA's copy of the CRL. Every request reads the current CRL number from the CA, so that a revocation shows at once. The CRL itself,
 * which may have megabytes, is transferred once, in parts.
 */
export class CrlCopy {
  #known: { number: number; der: Buffer } | null = null;
  readonly #asking = new SingleFlight(() => this.#fetch());

  constructor(private readonly source: CrlSource) {}

  /** A CRL that was current at some time after this call. Calls during a running request share the next one. */
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

  /** Null when the CA replaced the CRL during the read. */
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
    const read = write(first.part, der, 0);
    if (!(await this.#readRest(number, der, read))) return null;
    this.#known = { number, der };
    return der;
  }

  /** Reads the parts after the first, which had this many octets; false when the CA replaced the CRL meanwhile. */
  async #readRest(number: number, der: Buffer, partSize: number): Promise<boolean> {
    if (partSize === 0) return der.length === 0;
    const count = Math.ceil(der.length / partSize);
    const parts = Array.from({ length: count - 1 }, (_, index) => (index + 1) * partSize).values();
    const reader = async () => {
      for (const start of parts) {
        const end = Math.min(start + partSize, der.length);
        if (!(await this.#readRange(number, der, start, end))) return false;
      }
      return true;
    };
    return (await Promise.all(Array.from({ length: AT_ONCE }, reader))).every(Boolean);
  }

  /** A CA may send less at a time than the one that sent the first part. */
  async #readRange(number: number, der: Buffer, start: number, end: number): Promise<boolean> {
    for (let read = start; read < end; ) {
      const { number: same, part } = await this.source.rest(number, read);
      const octets = same === number ? write(part, der, read) : 0;
      if (octets === 0) return false;
      read += octets;
    }
    return true;
  }
}

/** Writes a part at this offset, as far as there is room for it, and returns its length. */
function write(part: CrlPart['part'], der: Buffer, offset: number): number {
  if (typeof part === 'string') return der.write(part, offset, 'base64');
  return Buffer.from(part.buffer, part.byteOffset, part.length).copy(der, offset);
}
