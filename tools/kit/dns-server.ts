import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { listenOnBoth } from './dns-port.js';

const TYPE = { A: 1, SOA: 6, TXT: 16 } as const;
const CLASS_IN = 1;
/** Response, authoritative, recursion available (RFC 1035 §4.1.1). */
const FLAGS = 0x8480;
type Texts = ReadonlyMap<string, ReadonlySet<string>>;

/** Names in an answer point at the question, which begins after the 12 bytes of the header (§4.1.4). */
const QUESTION_NAME = Buffer.from([0xc0, 12]);

export interface TestDns {
  /** `address:port` of the DNS server. */
  address: string;
  /**
   * URL that hook scripts ask: `/set?name=…&value=…` adds a TXT record, `/clear` with the same removes it, and
   * without a value all of the name.
   */
  control: string;
  close(): Promise<void>;
}

/**
 * A DNS server on loopback that says 127.0.0.1 for every name, and the TXT records that hook scripts of ACME clients
 * put in place over HTTP. RFC 1035, as far as validators and clients ask: A, TXT, SOA; no such record otherwise.
 */
export async function startTestDns(): Promise<TestDns> {
  const texts = new Map<string, Set<string>>();
  const { dns, tcp } = await listenOnBoth();
  dns.on('message', (query, peer) => {
    const answer = answerTo(query, texts);
    if (answer) dns.send(answer, peer.port, peer.address);
  });
  tcp.on('connection', (socket) => answerStream(socket, texts));

  const control = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const name = (searchParams.get('name') ?? '').toLowerCase().replace(/\.$/, '');
    const value = searchParams.get('value');
    const others = [...(texts.get(name) ?? [])].filter((text) => text !== value);
    if (pathname === '/set' && value !== null) texts.set(name, new Set([...others, value]));
    if (pathname === '/clear') texts.set(name, new Set(value === null ? [] : others));
    response.end();
  });
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));

  return {
    address: `127.0.0.1:${dns.address().port}`,
    control: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
    async close() {
      await new Promise<void>((resolve) => dns.close(resolve));
      tcp.close();
      control.close();
    },
  };
}

/** Messages over TCP have their length before them (RFC 1035 §4.2.2). */
function answerStream(socket: Socket, texts: Texts): void {
  let received = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      const answer = answerTo(received.subarray(2, end), texts);
      received = received.subarray(end);
      if (!answer) return void socket.destroy();
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([length, answer]));
    }
  });
}

function answerTo(query: Buffer, texts: Texts): Buffer | null {
  if (query.length < 17) return null;
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0 && at < query.length; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  if (at + 5 > query.length) return null;
  const question = query.subarray(12, at + 5);
  const type = query.readUInt16BE(at + 1);
  const answers = recordsOf(labels.join('.').toLowerCase(), type, texts);
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(FLAGS, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, question, ...answers.map((data) => record(type, data))]);
}

function recordsOf(name: string, type: number, texts: Texts): Buffer[] {
  if (type === TYPE.A) return [Buffer.from([127, 0, 0, 1])];
  if (type === TYPE.TXT) return [...(texts.get(name) ?? [])].map(characterString);
  // One zone, the top one: its primary server and mailbox are the root, its five timers a minute.
  if (type === TYPE.SOA && !name.includes('.'))
    return [Buffer.concat([Buffer.from([0, 0]), ...Array<Buffer>(5).fill(Buffer.from([0, 0, 0, 60]))])];
  return [];
}

function characterString(text: string): Buffer {
  return Buffer.from([text.length, ...Buffer.from(text, 'latin1')]);
}

function record(type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(CLASS_IN, 2);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([QUESTION_NAME, fixed, data]);
}
