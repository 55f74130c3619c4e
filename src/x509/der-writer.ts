import { contextConstructed, TAG } from './tags.js';

/** X.690 DER encoders. Each returns one whole TLV. */

/** Any tag around already encoded content. */
export function encode(tag: number, ...content: Uint8Array[]): Buffer {
  let length = 0;
  for (const part of content) length += part.length;
  const out = Buffer.allocUnsafe(headerSize(length) + length);
  let offset = writeHeader(out, 0, tag, length);
  for (const part of content) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Tag and length octets only; the caller writes the content of this length. */
export function header(tag: number, length: number): Buffer {
  const out = Buffer.allocUnsafe(headerSize(length));
  writeHeader(out, 0, tag, length);
  return out;
}

function headerSize(length: number): number {
  return length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : length < 0x1000000 ? 5 : 6;
}

/** Writes tag and length octets at an offset; returns the offset after them. */
export function writeHeader(out: Buffer, at: number, tag: number, length: number): number {
  const size = headerSize(length);
  out[at] = tag;
  if (size === 2) {
    out[at + 1] = length;
  } else {
    out[at + 1] = 0x80 | (size - 2);
    out.writeUIntBE(length, at + 2, size - 2);
  }
  return at + size;
}

export const sequence = (...content: Uint8Array[]): Buffer => encode(TAG.sequence, ...content);
export const set = (...content: Uint8Array[]): Buffer => encode(TAG.set, ...content);
export const octetString = (...content: Uint8Array[]): Buffer => encode(TAG.octetString, ...content);
export const explicit = (number: number, ...content: Uint8Array[]): Buffer =>
  encode(contextConstructed(number), ...content);
export const nullValue = (): Buffer => Buffer.from([TAG.null, 0]);
export const boolean = (value: boolean): Buffer => Buffer.from([TAG.boolean, 1, value ? 0xff : 0]);
export const utf8String = (text: string): Buffer => encode(TAG.utf8String, Buffer.from(text, 'utf8'));
export const ia5String = (text: string): Buffer => encode(TAG.ia5String, Buffer.from(text, 'latin1'));
export const printableString = (text: string): Buffer =>
  encode(TAG.printableString, Buffer.from(text, 'latin1'));
/** UTF-16, big-endian. */
export const bmpString = (text: string): Buffer =>
  encode(TAG.bmpString, Buffer.from(text, 'utf16le').swap16());

/** A bit string of whole octets. */
export const bitString = (bytes: Uint8Array): Buffer => encode(TAG.bitString, Buffer.from([0]), bytes);

/** X.690 §11.2.2: a named bit list, bit 0 first, without trailing zero bits. */
export function namedBits(bits: readonly number[]): Buffer {
  const last = Math.max(-1, ...bits);
  if (last < 0) return Buffer.from([TAG.bitString, 1, 0]);
  const bytes = Buffer.alloc((last >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return encode(TAG.bitString, Buffer.from([7 - (last & 7)]), bytes);
}

/** A non-negative integer. */
export function integer(value: bigint | number): Buffer {
  const hex = BigInt(value).toString(16);
  return integerFromHex(hex.length % 2 === 1 ? `0${hex}` : hex);
}

/** A non-negative integer from even-length hex, shortest form (X.690 §8.3.2). */
export function integerFromHex(hex: string): Buffer {
  let bytes: Uint8Array = Buffer.from(hex, 'hex');
  while (bytes.length > 1 && bytes[0] === 0 && (bytes[1] ?? 0) < 0x80) bytes = bytes.subarray(1);
  const padding = (bytes[0] ?? 0) >= 0x80 || bytes.length === 0 ? Buffer.from([0]) : Buffer.alloc(0);
  return encode(TAG.integer, padding, bytes);
}

/** Cached encodings: the same few identifiers make up most of every structure. */
const encodedOids = new Map<string, Buffer>();
/** More than a PKI uses. Identifiers beyond that are encoded each time. */
const MOST_OIDS = 200;

/** A dotted object identifier. The octets are shared: they must not be changed. */
export function oid(dotted: string): Buffer {
  const known = encodedOids.get(dotted);
  if (known !== undefined) return known;
  const encoded = encodeArcs(dotted);
  if (encodedOids.size < MOST_OIDS) encodedOids.set(dotted, encoded);
  return encoded;
}

function encodeArcs(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift((left & 0x7f) | 0x80);
    }
    bytes.push(...groups);
  }
  return encode(TAG.oid, Buffer.from(bytes));
}

/** RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050; whole seconds, Z. */
export function time(milliseconds: number): Buffer {
  const text = timeText(milliseconds);
  return text >= '2050'
    ? generalizedTime(milliseconds)
    : encode(TAG.utcTime, Buffer.from(text.slice(2), 'latin1'));
}

/** RFC 5280 §4.1.2.5.2: whole seconds, Z. */
export function generalizedTime(milliseconds: number): Buffer {
  return encode(TAG.generalizedTime, Buffer.from(timeText(milliseconds), 'latin1'));
}

function timeText(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
}
