import { ipFromBytes } from '../../x509/ip-address.js';
import { DnsError } from './dns-error.js';
import { encodeName, readName } from './domain-name.js';

/** Queries and answers on the wire: RFC 1035 §4, EDNS(0) RFC 6891, CAA RFC 8659 §4.1. Pure. */

/** IANA resource record types this program asks for. */
export const TYPE = { A: 1, NS: 2, CNAME: 5, TXT: 16, AAAA: 28, CAA: 257 } as const;
export type QueryType = keyof typeof TYPE;

/** RFC 1035 §4.1.1, RFC 6891 §6.1.3. */
export const RCODE = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const;

const CLASS_IN = 1;
const TYPE_OPT = 41;
const HEADER = 12;
const FLAG_RESPONSE = 0x8000;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSION_DESIRED = 0x0100;
/** What crosses any path unfragmented (RFC 9715 §3.2 and the DNS flag day of 2020). */
const EDNS_PAYLOAD = 1232;

/** RFC 8659 §4.1; `tag` in lower case, `value` with one character an octet. */
export interface CaaRecord {
  critical: boolean;
  tag: string;
  value: string;
}

export type DnsRecord = { name: string; ttl: number } & (
  | { type: 'A' | 'AAAA'; address: string }
  | { type: 'CNAME'; target: string }
  | { type: 'TXT'; text: string } // all character-strings joined, one character an octet
  | ({ type: 'CAA' } & CaaRecord)
);

export interface DnsResponse {
  id: number;
  truncated: boolean;
  rcode: number;
  /** Null when the server did not repeat it, which only errors may do. */
  question: { name: string; type: number } | null;
  /** Records of class IN and of a type we know; empty when truncated. */
  answers: DnsRecord[];
}

/** One recursive question. @throws DnsError `name` */
export function encodeQuery(id: number, name: string, type: QueryType, edns: boolean): Buffer {
  const qname = encodeName(name);
  const query = Buffer.alloc(HEADER + qname.length + 4 + (edns ? 11 : 0));
  query.writeUInt16BE(id, 0);
  query.writeUInt16BE(FLAG_RECURSION_DESIRED, 2);
  query.writeUInt16BE(1, 4);
  query.set(qname, HEADER);
  const offset = HEADER + qname.length;
  query.writeUInt16BE(TYPE[type], offset);
  query.writeUInt16BE(CLASS_IN, offset + 2);
  if (edns) {
    query.writeUInt16BE(1, 10);
    query.writeUInt16BE(TYPE_OPT, offset + 5);
    query.writeUInt16BE(EDNS_PAYLOAD, offset + 7);
  }
  return query;
}

/** Reads a whole response strictly: every name, length and section must hold. @throws DnsError `malformed` */
export function decodeResponse(message: Buffer): DnsResponse {
  if (message.length < HEADER) throw new DnsError('malformed', 'the message is shorter than its header');
  const flags = message.readUInt16BE(2);
  if ((flags & FLAG_RESPONSE) === 0) throw new DnsError('malformed', 'the message is not a response');
  if (((flags >> 11) & 0xf) !== 0) throw new DnsError('malformed', 'the response is not to a query');
  const questions = message.readUInt16BE(4);
  const response: DnsResponse = {
    id: message.readUInt16BE(0),
    truncated: (flags & FLAG_TRUNCATED) !== 0,
    rcode: flags & 0xf,
    question: null,
    answers: [],
  };
  if (questions > 1) throw new DnsError('malformed', 'the response has more than one question');
  let offset = HEADER;
  if (questions === 1) {
    const { name, end } = readName(message, offset);
    need(message, end, 4);
    if (message.readUInt16BE(end + 2) !== CLASS_IN) throw new DnsError('malformed', 'the class is not IN');
    response.question = { name, type: message.readUInt16BE(end) };
    offset = end + 4;
  }
  // RFC 2181 §9: what a truncated message still holds is of no use.
  if (response.truncated) return response;
  const answers = message.readUInt16BE(6);
  const others = message.readUInt16BE(8) + message.readUInt16BE(10);
  for (let index = 0; index < answers + others; index += 1) {
    const owner = readName(message, offset);
    need(message, owner.end, 10);
    const type = message.readUInt16BE(owner.end);
    const start = owner.end + 10;
    const length = message.readUInt16BE(owner.end + 8);
    need(message, start, length);
    offset = start + length;
    // RFC 6891 §6.1.3: the upper eight bits of the RCODE.
    if (type === TYPE_OPT && index >= answers) response.rcode |= (message[owner.end + 4] ?? 0) << 4;
    if (index >= answers || message.readUInt16BE(owner.end + 2) !== CLASS_IN) continue;
    const ttl = message.readUInt32BE(owner.end + 4);
    const record = readRecord(message, type, start, offset, { name: owner.name, ttl });
    if (record) response.answers.push(record);
  }
  return response;
}

function readRecord(
  message: Buffer,
  type: number,
  start: number,
  end: number,
  owner: { name: string; ttl: number },
): DnsRecord | null {
  switch (type) {
    case TYPE.A:
    case TYPE.AAAA: {
      const size = type === TYPE.A ? 4 : 16;
      if (end - start !== size) throw new DnsError('malformed', 'an address record has the wrong length');
      const address = ipFromBytes(message.subarray(start, end));
      return { ...owner, type: type === TYPE.A ? 'A' : 'AAAA', address };
    }
    case TYPE.CNAME: {
      const target = readName(message, start);
      if (target.end !== end) throw new DnsError('malformed', 'a CNAME record has the wrong length');
      return { ...owner, type: 'CNAME', target: target.name };
    }
    case TYPE.TXT:
      return { ...owner, type: 'TXT', text: readText(message, start, end) };
    case TYPE.CAA:
      return { ...owner, type: 'CAA', ...readCaa(message, start, end) };
    default:
      return null;
  }
}

/** RFC 1035 §3.3.14: one or more character-strings that fill the record. */
function readText(message: Buffer, start: number, end: number): string {
  if (start === end) throw new DnsError('malformed', 'a TXT record is empty');
  let text = '';
  for (let at = start; at < end; ) {
    const next = at + 1 + (message[at] ?? 0);
    if (next > end) throw new DnsError('malformed', 'a TXT record has a string longer than itself');
    text += message.toString('latin1', at + 1, next);
    at = next;
  }
  return text;
}

/** RFC 8659 §4.1: flags, tag length, tag of ASCII letters and digits, value. */
function readCaa(message: Buffer, start: number, end: number): CaaRecord {
  const flags = message[start];
  const tagEnd = start + 2 + (message[start + 1] ?? 0);
  if (flags === undefined || end - start < 2 || tagEnd > end) {
    throw new DnsError('malformed', 'a CAA record is shorter than its tag');
  }
  const tag = message.latin1Slice(start + 2, tagEnd).toLowerCase();
  if (!/^[a-z0-9]+$/.test(tag))
    throw new DnsError('malformed', 'a CAA record has a tag not of letters and digits');
  return { critical: (flags & 0x80) !== 0, tag, value: message.toString('latin1', tagEnd, end) };
}

function need(message: Buffer, offset: number, length: number): void {
  if (offset + length > message.length)
    throw new DnsError('malformed', 'a record runs past the end of the message');
}
