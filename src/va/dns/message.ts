import { ipFromBytes } from '../../x509/ip-address.js';

/** DNS messages (RFC 1035 §4), strict and bounded: anybody may have sent them. */

const RECORD_TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, CAA: 257 } as const;
export type RecordType = keyof typeof RECORD_TYPE;

/** A question to a server. */
export interface Question {
  /** The name, in the case it is sent in; empty for the root. */
  name: string;
  type: RecordType;
  /** RFC 6891 §6.2.3: the largest answer taken over UDP; null asks without EDNS. */
  udpPayload: number | null;
}

/** A packet that is not a DNS message, or not one we accept. */
export class DnsError extends Error {
  override readonly name = 'DnsError';
}

export type DnsRecord =
  | { type: 'A' | 'AAAA'; name: string; address: string }
  | { type: 'CNAME'; name: string; target: string }
  | { type: 'TXT'; name: string; text: Buffer; ttl: number }
  | { type: 'CAA'; name: string; critical: boolean; tag: string; value: string };

export interface DnsMessage {
  id: number;
  truncated: boolean;
  /** RFC 1035 §4.1.1 and RFC 6895 §2.3. */
  rcode: number;
  /** Names without trailing dot: in lower case, and in the letters of the message. Null in some answers of failure. */
  question: { name: string; asWritten: string; type: number } | null;
  /** Records of the answer section of the types above. */
  answers: DnsRecord[];
  /** The server gives no answer and refers to others (RFC 1034 §4.3.1): it does not resolve for us. */
  isReferral: boolean;
}

/** RFC 6891 §6.2.5: fits every path without fragments. */
export const UDP_PAYLOAD = 1232;
/** A message of 64 KiB has a few thousand; names whose clients never clean up have hundreds of TXT records. */
const MAX_RECORDS = 1_000;
const AUTHORITATIVE = 0x0400;
const HEADER = 12;
const TYPE_AND_CLASS = 4;
/** RFC 6891 §6.1.2: root, type OPT, the payload size, and nothing more. */
const OPT_LENGTH = 11;
const OPT_TYPE = 41;
/** RFC 6895 §2.3: codes that a server may send without repeating the question, because it did not read it. */
const NOT_READ: readonly number[] = [1, 2, 4, 5];

/**
 * A recursive query for one name and type, with EDNS0 unless `udpPayload` is null. The root is the empty name.
 * @throws DnsError for a name DNS cannot carry.
 */
export function encodeQuery(
  id: number,
  name: string,
  type: RecordType,
  udpPayload: number | null = UDP_PAYLOAD,
): Buffer {
  // Each label after its length, and the root's.
  if (name.length + 2 > 255) throw new DnsError(`"${name}" is too long for DNS`);
  const length = HEADER + (name === '' ? 1 : name.length + 2) + TYPE_AND_CLASS;
  const query = Buffer.alloc(length + (udpPayload === null ? 0 : OPT_LENGTH));
  query.writeUInt16BE(id, 0);
  query.writeUInt16BE(0x0100, 2); // RD
  query.writeUInt16BE(1, 4); // QDCOUNT
  let offset = HEADER;
  for (const label of name === '' ? [] : name.split('.')) {
    if (label.length === 0 || label.length > 63)
      throw new DnsError(`"${name}" has an empty or overlong label`);
    query[offset] = label.length;
    query.write(label, offset + 1, 'latin1');
    offset += 1 + label.length;
  }
  query.writeUInt16BE(RECORD_TYPE[type], offset + 1);
  query.writeUInt16BE(1, offset + 3); // IN
  if (udpPayload !== null) {
    query.writeUInt16BE(1, 10); // ARCOUNT: the OPT record
    query.writeUInt16BE(OPT_TYPE, length + 1);
    query.writeUInt16BE(udpPayload, length + 3);
  }
  return query;
}

/** Reads a response. Records of other types and classes are passed over. @throws DnsError */
export function parseMessage(bytes: Buffer): DnsMessage {
  if (bytes.length < 12) throw new DnsError('is shorter than a DNS header');
  const flags = bytes.readUInt16BE(2);
  if ((flags & 0x8000) === 0) throw new DnsError('is not a response');
  if (bytes.readUInt16BE(4) > 1) throw new DnsError('has more than one question');
  const cursor = { offset: 12 };
  let question: DnsMessage['question'] = null;
  if (bytes.readUInt16BE(4) === 1) {
    const name = readName(bytes, cursor);
    question = { name: name.toLowerCase(), asWritten: name, type: readUint16(bytes, cursor) };
    readUint16(bytes, cursor);
  }
  const count = bytes.readUInt16BE(6);
  if (count > MAX_RECORDS) throw new DnsError('has too many records');
  const answers: DnsRecord[] = [];
  const truncated = (flags & 0x0200) !== 0;
  // RFC 2181 §9: what a truncated message holds is not to be used.
  for (let index = 0; index < count && !truncated; index += 1) {
    const record = readRecord(bytes, cursor);
    if (record) answers.push(record);
  }
  const rcode = flags & 0x0f;
  const mayRefer = rcode === 0 && count === 0 && !truncated && (flags & AUTHORITATIVE) === 0;
  const isReferral = mayRefer && bytes.readUInt16BE(8) > 0 && beginsWithNs(bytes, cursor);
  return { id: bytes.readUInt16BE(0), truncated, rcode, question, answers, isReferral };
}

/** Whether the first record of the authority section is a name server's. What cannot be read there changes nothing. */
function beginsWithNs(bytes: Buffer, cursor: Cursor): boolean {
  try {
    readName(bytes, cursor);
    return readUint16(bytes, cursor) === RECORD_TYPE.NS;
  } catch {
    return false;
  }
}

/** RFC 5452 §9: beside the id, an answer repeats the question, whichever letters it has. */
export function isAnswer({ question, rcode }: DnsMessage, { name, type }: Question): boolean {
  if (question === null) return NOT_READ.includes(rcode);
  return question.name === name.toLowerCase() && question.type === RECORD_TYPE[type];
}

interface Cursor {
  offset: number;
}

function readUint16(bytes: Buffer, cursor: Cursor): number {
  if (cursor.offset + 2 > bytes.length) throw new DnsError('ends too early');
  cursor.offset += 2;
  return bytes.readUInt16BE(cursor.offset - 2);
}

/** RFC 1035 §4.1.4: pointers only ever go back, so following them ends. */
function readName(bytes: Buffer, cursor: Cursor): string {
  const labels: string[] = [];
  let offset = cursor.offset;
  let lowest = offset;
  let jumped = false;
  let length = 0;
  for (;;) {
    const size = bytes[offset];
    if (size === undefined) throw new DnsError('ends within a name');
    if (size === 0) {
      if (!jumped) cursor.offset = offset + 1;
      return labels.join('.');
    }
    if ((size & 0xc0) === 0xc0) {
      const low = bytes[offset + 1];
      if (low === undefined) throw new DnsError('ends within a name');
      const target = ((size & 0x3f) << 8) | low;
      if (target >= lowest) throw new DnsError('has a compression pointer that does not go back');
      if (!jumped) cursor.offset = offset + 2;
      jumped = true;
      offset = target;
      lowest = target;
      continue;
    }
    if (size > 63) throw new DnsError('has a label of an unknown kind');
    length += size + 1;
    if (length > 254 || offset + 1 + size > bytes.length) throw new DnsError('has a name that is too long');
    labels.push(bytes.toString('latin1', offset + 1, offset + 1 + size));
    offset += size + 1;
  }
}

function readRecord(bytes: Buffer, cursor: Cursor): DnsRecord | null {
  const name = readName(bytes, cursor).toLowerCase();
  const type = readUint16(bytes, cursor);
  const inClassIn = readUint16(bytes, cursor) === 1;
  const ttl = readTtl(bytes, cursor);
  const length = readUint16(bytes, cursor);
  const start = cursor.offset;
  const end = start + length;
  if (end > bytes.length) throw new DnsError('has a record longer than the message');
  cursor.offset = end;
  if (!inClassIn) return null;
  const data = bytes.subarray(start, end);
  switch (type) {
    case RECORD_TYPE.A:
      if (length !== 4) throw new DnsError('has an A record that is not 4 octets');
      return { type: 'A', name, address: [...data].join('.') };
    case RECORD_TYPE.AAAA:
      if (length !== 16) throw new DnsError('has an AAAA record that is not 16 octets');
      return { type: 'AAAA', name, address: ipFromBytes(data) };
    case RECORD_TYPE.CNAME: {
      const inner = { offset: start };
      const target = readName(bytes, inner).toLowerCase();
      if (inner.offset !== end) throw new DnsError('has a CNAME record of the wrong length');
      return { type: 'CNAME', name, target };
    }
    case RECORD_TYPE.TXT:
      return { type: 'TXT', name, text: joinStrings(data), ttl };
    case RECORD_TYPE.CAA:
      return readCaa(name, data);
    default:
      return null;
  }
}

/** Seconds; RFC 2181 §8: one with the highest bit is none. */
function readTtl(bytes: Buffer, cursor: Cursor): number {
  const high = readUint16(bytes, cursor);
  const low = readUint16(bytes, cursor);
  return high & 0x8000 ? 0 : high * 0x10000 + low;
}

/** RFC 1035 §3.3.14 and RFC 8555 §8.4: the character-strings of one TXT record are one value. */
function joinStrings(data: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let offset = 0; offset < data.length; ) {
    const size = data[offset] ?? 0;
    if (offset + 1 + size > data.length) throw new DnsError('has a TXT string longer than its record');
    parts.push(data.subarray(offset + 1, offset + 1 + size));
    offset += 1 + size;
  }
  return Buffer.concat(parts);
}

/**
 * RFC 8659 §4.1. A record without a tag is a critical property that nobody understands: if the whole answer were refused instead, a
 * lenient check would ignore the records beside it.
 */
function readCaa(name: string, data: Buffer): DnsRecord {
  const [flags, size] = data;
  if (flags === undefined || size === undefined || size === 0 || 2 + size > data.length) {
    return { type: 'CAA', name, critical: true, tag: '', value: '' };
  }
  const tag = data.toString('latin1', 2, 2 + size).toLowerCase();
  return { type: 'CAA', name, critical: (flags & 0x80) !== 0, tag, value: data.toString('latin1', 2 + size) };
}
