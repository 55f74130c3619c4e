import { DerError } from './der-error.js';
import { TAG } from './tags.js';

/** One decoded TLV: views into the bytes it was read from, never copies. */
export interface Element {
  tag: number;
  /** Content octets. */
  content: Buffer;
  /** The whole TLV. */
  bytes: Buffer;
}

/**
 * Reads DER elements one after another within a bounded run of bytes. Every method throws `DerError` when the next
 * element is not what was asked for; `end` must be called where nothing may follow.
 */
export class DerReader {
  #offset = 0;
  readonly #bytes: Buffer;

  constructor(
    bytes: Uint8Array,
    /** Names the structure in error messages. */
    readonly what: string,
  ) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** Tag of the next element, or null at the end. */
  peek(): number | null {
    return this.#bytes[this.#offset] ?? null;
  }

  fail(why: string): DerError {
    return new DerError(`${this.what}: ${why}`);
  }

  /** The next element, whatever it is. */
  next(): Element {
    const start = this.#offset;
    const tag = this.#bytes[start];
    const first = this.#bytes[start + 1];
    if (tag === undefined || first === undefined) throw this.fail('ends too early');
    if ((tag & 0x1f) === 0x1f) throw this.fail('has a multi-byte tag');
    let offset = start + 2;
    let length = first;
    if (first >= 0x80) {
      const size = first & 0x7f;
      // X.690 §10.1: definite form in the fewest octets; nothing we read is longer than 2^24.
      if (size === 0 || size > 4) throw this.fail('has an indefinite or oversized length');
      if (offset + size > this.#bytes.length) throw this.fail('ends too early');
      length = this.#bytes.readUIntBE(offset, size);
      offset += size;
      if (length < 0x80 || length < 2 ** (8 * (size - 1)))
        throw this.fail('has a length not in shortest form');
    }
    const end = offset + length;
    if (end > this.#bytes.length) throw this.fail('has an element longer than what holds it');
    this.#offset = end;
    return { tag, content: this.#bytes.subarray(offset, end), bytes: this.#bytes.subarray(start, end) };
  }

  /** The next element, which must have this tag. */
  expect(tag: number, part: string): Element {
    if (this.peek() !== tag) throw this.fail(`${part} is missing or of the wrong type`);
    return this.next();
  }

  /** The next element if it has this tag, else null. */
  optional(tag: number): Element | null {
    return this.peek() === tag ? this.next() : null;
  }

  /** A reader over the content of the next element, which must have this tag. */
  enter(tag: number, part: string): DerReader {
    return new DerReader(this.expect(tag, part).content, part);
  }

  sequence(part: string): DerReader {
    return this.enter(TAG.sequence, part);
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.done) throw this.fail('has something after its end');
  }

  /** A non-negative integer as even-length lower-case hex. */
  unsignedHex(part: string): string {
    const { content } = this.expect(TAG.integer, part);
    checkInteger(content, part);
    if ((content[0] ?? 0) >= 0x80) throw new DerError(`${part}: is negative`);
    return content.toString('hex').replace(/^(00)+(?=..)/, '');
  }

  /** A small non-negative integer. */
  smallInteger(part: string): number {
    const hex = this.unsignedHex(part);
    if (hex.length > 12) throw new DerError(`${part}: is too large`);
    return Number.parseInt(hex, 16);
  }

  boolean(part: string): boolean {
    const { content } = this.expect(TAG.boolean, part);
    if (content.length !== 1 || (content[0] !== 0xff && content[0] !== 0)) {
      throw new DerError(`${part}: is not a DER boolean`);
    }
    return content[0] === 0xff;
  }

  oid(part: string): string {
    return decodeOid(this.expect(TAG.oid, part).content, part);
  }

  /** A bit string of whole octets, as keys and signatures are. */
  octetAlignedBits(part: string): Buffer {
    const { content } = this.expect(TAG.bitString, part);
    if (content[0] !== 0) throw new DerError(`${part}: is not a bit string of whole octets`);
    return content.subarray(1);
  }

  /** Numbers of the bits set in a named bit list (X.690 §11.2). */
  namedBits(part: string): number[] {
    const { content } = this.expect(TAG.bitString, part);
    const unused = content[0];
    if (unused === undefined || unused > 7 || (content.length === 1 && unused > 0) || content.length > 9) {
      throw new DerError(`${part}: is not a bit string`);
    }
    const bits: number[] = [];
    for (let bit = 0; bit < (content.length - 1) * 8 - unused; bit += 1) {
      if ((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) bits.push(bit);
    }
    return bits;
  }

  /** RFC 5280 §4.1.2.5: UTCTime or GeneralizedTime with seconds and Z; milliseconds since the epoch. */
  time(part: string): number {
    const { tag, content } = this.next();
    const text = content.toString('latin1');
    let digits = text;
    if (tag === TAG.utcTime && /^\d{12}Z$/.test(text)) digits = (text < '50' ? '20' : '19') + text;
    else if (tag !== TAG.generalizedTime || !/^\d{14}Z$/.test(text))
      throw new DerError(`${part}: is not a DER time`);
    const iso = digits.replace(/^(....)(..)(..)(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
    const milliseconds = Date.parse(iso);
    if (Number.isNaN(milliseconds)) throw new DerError(`${part}: is not a date`);
    return milliseconds;
  }
}

function checkInteger(content: Buffer, part: string): void {
  const [first, second = 0] = content;
  if (first === undefined) throw new DerError(`${part}: is an empty integer`);
  if (content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new DerError(`${part}: is an integer not in shortest form`);
  }
}

function decodeOid(content: Buffer, part: string): string {
  const arcs: number[] = [];
  let value = 0;
  for (const [index, byte] of content.entries()) {
    if (value === 0 && byte === 0x80)
      throw new DerError(`${part}: is an object identifier not in shortest form`);
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER / 128) throw new DerError(`${part}: has an arc that is too large`);
    if (byte < 0x80) {
      arcs.push(value);
      value = 0;
    } else if (index === content.length - 1) {
      throw new DerError(`${part}: is a truncated object identifier`);
    }
  }
  const [head, ...rest] = arcs;
  if (head === undefined) throw new DerError(`${part}: is an empty object identifier`);
  const root = Math.min(2, Math.floor(head / 40));
  return [root, head - root * 40, ...rest].join('.');
}
