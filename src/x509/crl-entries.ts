import { setImmediate as nextTurn } from 'node:timers/promises';
import { encode, integerFromHex, sequence, writeHeader } from './der-writer.js';
import { encodeExtension } from './extensions.js';
import { OID } from './oids.js';
import { TAG } from './tags.js';

/** One entry of revokedCertificates: serial in hex, time in ms, RFC 5280 §5.3.1 code. */
export interface CrlEntry {
  serial: string;
  revokedAt: number;
  reason: number | null;
}

/** The extensions of an entry, by reason code; there are only ten. */
const reasonExtensions = new Map<number, Buffer>();

function reasonExtension(reason: number): Buffer {
  let extensions = reasonExtensions.get(reason);
  if (!extensions) {
    const code = encode(TAG.enumerated, Buffer.from([reason]));
    extensions = sequence(encodeExtension(OID.reasonCode, code));
    reasonExtensions.set(reason, extensions);
  }
  return extensions;
}

/** Octets of an entry beside its serial: headers, a GeneralizedTime, and the extensions with a reason. */
const MOST_BESIDE_SERIAL = 48;
const NO_EXTENSIONS = Buffer.alloc(0);

/**
 * DER of entries, one after another, without reason 0 (§5.3.1). It is written straight into one buffer: a CRL may have a hundred
 * thousand.
 */
export function encodeCrlEntries(entries: readonly CrlEntry[]): Buffer {
  const room = entries.reduce((sum, { serial }) => sum + serial.length / 2 + MOST_BESIDE_SERIAL, 0);
  const out = Buffer.allocUnsafe(Math.ceil(room));
  let end = 0;
  for (const { serial, revokedAt, reason } of entries) {
    const number = integerFromHex(serial);
    const date = new Date(revokedAt);
    const extensions = reason ? reasonExtension(reason) : NO_EXTENSIONS;
    const dateSize = date.getUTCFullYear() < 2050 ? 15 : 17;
    end = writeHeader(out, end, TAG.sequence, number.length + dateSize + extensions.length);
    out.set(number, end);
    end = writeTime(out, end + number.length, date);
    out.set(extensions, end);
    end += extensions.length;
  }
  return out.subarray(0, end);
}

/** RFC 5280 §5.1.2.6: UTCTime through 2049, GeneralizedTime from 2050. Returns the offset after it. */
function writeTime(out: Buffer, start: number, date: Date): number {
  const year = date.getUTCFullYear();
  let at =
    year < 2050 ? writeHeader(out, start, TAG.utcTime, 13) : writeHeader(out, start, TAG.generalizedTime, 15);
  if (year >= 2050) at = writeDigits(out, at, Math.floor(year / 100));
  at = writeDigits(out, at, year % 100);
  at = writeDigits(out, at, date.getUTCMonth() + 1);
  at = writeDigits(out, at, date.getUTCDate());
  at = writeDigits(out, at, date.getUTCHours());
  at = writeDigits(out, at, date.getUTCMinutes());
  at = writeDigits(out, at, date.getUTCSeconds());
  out[at] = 0x5a; // Z
  return at + 1;
}

function writeDigits(out: Buffer, at: number, number: number): number {
  out[at] = 0x30 + Math.floor(number / 10);
  out[at + 1] = 0x30 + (number % 10);
  return at + 2;
}

/** Entries looked at in one turn of the event loop: half a millisecond. */
const SLICE = 5_000;

/** Encoded entries without those of some certificates, in few pieces of the same memory. `serials` in hex. */
export async function entriesWithout(entries: Buffer, serials: Iterable<string>): Promise<Buffer[]> {
  const unwanted = new Map<number, Buffer[]>();
  for (const serial of serials) {
    const number = integerFromHex(serial);
    const key = keyOf(number, number.length);
    unwanted.set(key, [...(unwanted.get(key) ?? []), number]);
  }
  const pieces: Buffer[] = [];
  let kept = 0;
  for (let at = 0, count = 1; at < entries.length; count += 1) {
    const end = endOf(entries, at);
    const number = contentOf(entries, at);
    const numberEnd = endOf(entries, number);
    const isUnwanted = unwanted
      .get(keyOf(entries, numberEnd))
      ?.some((each) => each.equals(entries.subarray(number, numberEnd)));
    if (isUnwanted) {
      if (at > kept) pieces.push(entries.subarray(kept, at));
      kept = end;
    }
    at = end;
    if (count % SLICE === 0) await nextTurn();
  }
  if (entries.length > kept) pieces.push(entries.subarray(kept));
  return pieces;
}

/** A number by which an INTEGER that ends here is looked up: its last octets. */
function keyOf(bytes: Buffer, end: number): number {
  return ((bytes[end - 3] ?? 0) << 16) | ((bytes[end - 2] ?? 0) << 8) | (bytes[end - 1] ?? 0);
}

/** Where the content of the TLV at this offset begins. */
function contentOf(bytes: Buffer, at: number): number {
  const first = bytes[at + 1] ?? 0;
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}

/** Where the TLV at this offset ends. */
function endOf(bytes: Buffer, at: number): number {
  const first = bytes[at + 1] ?? 0;
  const length = first < 0x80 ? first : bytes.readUIntBE(at + 2, first & 0x7f);
  return contentOf(bytes, at) + length;
}
