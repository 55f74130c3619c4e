import { DerError } from './der-error.js';
import { TAG } from './tags.js';

/** One decoded TLV: a view of the input, without a copy. */
class Element {
  constructor(
    readonly tag: number,
    private readonly source: Buffer,
    private readonly start: number,
    private readonly contentStart: number,
    private readonly end: number,
  ) {}

  /** Content octets. */
  get content(): Buffer {
    return this.source.subarray(this.contentStart, this.end);
  }

  /** The whole TLV. */
  get bytes(): Buffer {
    return this.source.subarray(this.start, this.end);
  }
}

/**
 * Reads DER elements one after another within a bounded range of bytes. Every method throws `DerError` when the next
 * element is not the requested one. Call `end` where nothing may follow.
 */
export class DerReader {
  readonly #source: Buffer;
  #offset: number;
  readonly #limit: number;

  constructor(
    bytes: Uint8Array,
    /** Names the structure in error messages. */
    readonly what: string,
    from = 0,
    to = bytes.length,
  ) {
    this.#source = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#offset = from;
    this.#limit = to;
  }

  get done(): boolean {
    return this.#offset >= this.#limit;
  }

  /** Tag of the next element, or null at the end. */
  peek(): number | null {
    return this.done ? null : (this.#source[this.#offset] ?? null);
  }

  fail(why: string): DerError {
    return new DerError(`${this.what}: ${why}`);
  }

  /** The next element, whatever it is. */
  next(): Element {
    const start = this.#offset;
    const contentStart = this.#pass();
    return new Element(this.#source[start] ?? 0, this.#source, start, contentStart, this.#offset);
  }

  /** Skips the next element and returns where its content starts. */
  #pass(): number {
    const source = this.#source;
    const start = this.#offset;
    if (start + 2 > this.#limit) throw this.fail('ends too early');
    const tag = source[start] ?? 0;
    if ((tag & 0x1f) === 0x1f) throw this.fail('has a multi-byte tag');
    let offset = start + 2;
    let length = source[start + 1] ?? 0;
    if (length >= 0x80) {
      const size = length & 0x7f;
      // X.690 §10.1: definite form in the fewest octets. A length has at most four octets here.
      if (size === 0 || size > 4) throw this.fail('has an indefinite or oversized length');
      if (offset + size > this.#limit) throw this.fail('ends too early');
      length = source.readUIntBE(offset, size);
      offset += size;
      if (length < 0x80 || length < 2 ** (8 * (size - 1)))
        throw this.fail('has a length not in shortest form');
    }
    if (offset + length > this.#limit) throw this.fail('has an element longer than what holds it');
    this.#offset = offset + length;
    return offset;
  }

  /** The next element, which must have this tag. */
  expect(tag: number, part: string): Element {
    if (this.peek() !== tag) throw this.#missing(part);
    return this.next();
  }

  #missing(part: string): DerError {
    return this.fail(`${part} is missing or of the wrong type`);
  }

  /** The next element if it has this tag, else null. */
  optional(tag: number): Element | null {
    return this.peek() === tag ? this.next() : null;
  }

  /** A reader over the content of the next element, which must have this tag. */
  enter(tag: number, part: string): DerReader {
    if (this.peek() !== tag) throw this.#missing(part);
    const contentStart = this.#pass();
    return new DerReader(this.#source, part, contentStart, this.#offset);
  }

  sequence(part: string): DerReader {
    return this.enter(TAG.sequence, part);
  }

  /** Checks that no element follows. */
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

  /** A bit string of whole octets, such as a key or a signature. */
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
    const two = (from: number) => digits.slice(from, from + 2);
    const day = `${digits.slice(0, 4)}-${two(4)}-${two(6)}`;
    const milliseconds = Date.parse(`${day}T${two(8)}:${two(10)}:${two(12)}Z`);
    if (Number.isNaN(milliseconds)) throw new DerError(`${part}: is not a date`);
    return milliseconds;
  }
}

/** A reader over the content of a SEQUENCE, with nothing after it. @throws DerError */
export function sequenceIn(der: Uint8Array, what: string): DerReader {
  const outer = new DerReader(der, what);
  const content = outer.sequence(what);
  outer.end();
  return content;
}

/** The content of an OCTET STRING, with nothing after it. @throws DerError */
export function octetStringIn(der: Uint8Array, what: string): Buffer {
  const outer = new DerReader(der, what);
  const { content } = outer.expect(TAG.octetString, what);
  outer.end();
  return content;
}

function checkInteger(content: Buffer, part: string): void {
  const [first, second = 0] = content;
  if (first === undefined) throw new DerError(`${part}: is an empty integer`);
  if (content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new DerError(`${part}: is an integer not in shortest form`);
  }
}

/** Cached dotted forms: the same few identifiers make up most of every structure. */
const knownOids = new Map<string, string>();
/** More than a PKI uses. Identifiers beyond that are decoded each time. */
const MOST_OIDS = 200;
const MOST_OID_OCTETS = 16;

function decodeOid(content: Buffer, part: string): string {
  const key = content.toString('latin1');
  const known = knownOids.get(key);
  if (known !== undefined) return known;
  const decoded = decodeArcs(content, part);
  if (knownOids.size < MOST_OIDS && content.length <= MOST_OID_OCTETS) knownOids.set(key, decoded);
  return decoded;
}

function decodeArcs(content: Buffer, part: string): string {
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
