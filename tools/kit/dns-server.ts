import { isIPv6, type Socket } from 'node:net';
import { listenOnBoth } from './dns-port.js';

/** A name's answer to one type of query. */
export type ZoneAnswer =
  | { records: ZoneRecord[]; truncate?: boolean; overTcp?: 'silence'; ttl?: number }
  | { rcode: number }
  | 'silence'
  | { raw: (query: Buffer) => Buffer };
export type ZoneRecord =
  | { a: string }
  | { aaaa: string }
  | { cname: string }
  | { txt: string[] }
  /** A SOA record whose primary server and mailbox are the root, and whose five timers are a minute. */
  | { soa: 'root' }
  | { caa: { flags: number; tag: string; value: string } };

const TYPES: Record<number, string> = { 1: 'A', 5: 'CNAME', 6: 'SOA', 16: 'TXT', 28: 'AAAA', 257: 'CAA' };
const NUMBERS = { a: 1, cname: 5, soa: 6, txt: 16, aaaa: 28, caa: 257 } as const;

/** A real DNS server on loopback, with UDP and TCP on one port, independent of the product's codec. */
export interface DnsServer {
  port: number;
  host: string;
  /** The queries received, in order, such as `TXT _acme-challenge.example.com`. */
  questions: string[];
  /** Sets the answer to `"TYPE name"`; a function is called for each query. */
  set(question: string, answer: ZoneAnswer | (() => ZoneAnswer)): void;
  close(): Promise<void>;
}

/** `otherwise` answers names that the zone does not have; without it they do not exist. Uses a free port if `port` is 0. */
export async function startDns(
  zone: Record<string, ZoneAnswer> = {},
  otherwise: (question: string) => ZoneAnswer | undefined = () => undefined,
  port = 0,
): Promise<DnsServer> {
  const answers = new Map<string, ZoneAnswer | (() => ZoneAnswer)>(Object.entries(zone));
  const questions: string[] = [];
  const respond = (query: Buffer, overTcp: boolean): Buffer | null => {
    // A header and the shortest possible question.
    if (query.length < 17) return null;
    const { name, type, end } = readQuestion(query);
    const question = `${TYPES[type] ?? type} ${name}`;
    questions.push(question);
    const found = answers.get(question) ?? otherwise(question);
    const answer = typeof found === 'function' ? found() : found;
    if (answer === 'silence') return null;
    const known = [...answers.keys()].some((key) => key.endsWith(` ${name}`));
    if (answer === undefined) return message(query, end, known ? 0 : 3, [], false);
    if ('raw' in answer) return answer.raw(query);
    if ('rcode' in answer) return message(query, end, answer.rcode, [], false);
    if (overTcp && answer.overTcp === 'silence') return null;
    const truncate = answer.truncate === true && !overTcp;
    return message(query, end, 0, truncate ? [] : chain(name, answer.records, answer.ttl), truncate);
  };

  const { dns: udp, tcp } = await listenOnBoth(port);
  udp.on('message', (query, peer) => {
    const answer = respond(query, false);
    if (answer) udp.send(answer, peer.port, peer.address);
  });
  const connections = new Set<Socket>();
  tcp.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    socket.on('error', () => {});
    let received = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      // A message over TCP is preceded by its length (RFC 1035 §4.2.2).
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const answer = respond(received.subarray(2, end), true);
        received = received.subarray(end);
        if (answer) socket.write(Buffer.concat([uint16(answer.length), answer]));
      }
    });
  });
  return {
    port: udp.address().port,
    host: '127.0.0.1',
    questions,
    set: (question, answer) => answers.set(question, answer),
    close: async () => {
      for (const socket of connections) socket.destroy();
      await new Promise<void>((resolve) => udp.close(() => resolve()));
      await new Promise<void>((resolve) => {
        tcp.close(() => resolve());
      });
    },
  };
}

const uint16 = (value: number) => Buffer.from([(value >> 8) & 0xff, value & 0xff]);

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let offset = 12;
  for (let size = query[offset] ?? 0; size > 0; size = query[offset] ?? 0) {
    labels.push(query.toString('latin1', offset + 1, offset + 1 + size));
    offset += size + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(offset + 1), end: offset + 5 };
}

function encodeName(name: string): Buffer {
  return Buffer.concat([
    ...name
      .split('.')
      .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);
}

/** Records after a CNAME belong to its target, as a recursive resolver answers. */
function chain(name: string, records: ZoneRecord[], ttl = 60): Buffer[] {
  let owner = name;
  return records.map((record) => {
    const encoded = encodeRecord(owner, record, ttl);
    if ('cname' in record) owner = record.cname;
    return encoded;
  });
}

function encodeRecord(name: string, record: ZoneRecord, ttl: number): Buffer {
  const [kind = 'a'] = Object.keys(record) as (keyof typeof NUMBERS)[];
  const data = recordData(record);
  return Buffer.concat([
    encodeName(name),
    uint16(NUMBERS[kind]),
    uint16(1),
    uint16(ttl >>> 16),
    uint16(ttl & 0xffff),
    uint16(data.length),
    data,
  ]);
}

function recordData(record: ZoneRecord): Buffer {
  if ('a' in record) return Buffer.from(record.a.split('.').map(Number));
  if ('aaaa' in record) return ipv6(record.aaaa);
  if ('cname' in record) return encodeName(record.cname);
  if ('txt' in record) {
    return Buffer.concat(
      record.txt.map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])),
    );
  }
  if ('soa' in record)
    return Buffer.concat([Buffer.from([0, 0]), ...Array<Buffer>(5).fill(Buffer.from([0, 0, 0, 60]))]);
  const { flags, tag, value } = record.caa;
  return Buffer.concat([Buffer.from([flags, tag.length]), Buffer.from(tag + value, 'latin1')]);
}

function ipv6(address: string): Buffer {
  if (!isIPv6(address)) throw new Error(`${address} is not IPv6`);
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail ? tail.split(':') : [];
  const middle = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  return Buffer.from([...left, ...middle, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function message(query: Buffer, end: number, rcode: number, records: Buffer[], truncated: boolean): Buffer {
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // Response, authoritative, recursion desired and available (RFC 1035 §4.1.1).
  header.writeUInt16BE(0x8580 | (truncated ? 0x0200 : 0) | rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(12, end), ...records]);
}
