import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect } from 'vitest';
import { Deadline } from '../../../src/va/deadline.js';
import { createResolver } from '../../../src/va/dns/resolver.js';
import type { DnsServer } from '../../../src/va/dns/server.js';

/** What a server of a test saw of one query. */
interface Seen {
  name: string;
  type: number;
  edns: number | null;
  /** Source port. */
  from: number;
  overTcp: boolean;
}

export type Behaviour = (query: Buffer, seen: Seen) => Buffer | Buffer[] | null;

export const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A DNS server that does as `behave` says; TCP only when asked for. */
export async function server(behave: Behaviour, tcp = false) {
  const queries: Seen[] = [];
  const udp = createSocket('udp4');
  udp.on('message', (query, peer) => {
    const seen = read(query, peer.port, false);
    queries.push(seen);
    const answers = behave(query, seen);
    for (const each of answers === null ? [] : [answers].flat()) udp.send(each, peer.port, peer.address);
  });
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  closers.push(() => udp.close());
  const { port } = udp.address();
  if (tcp) {
    const stream = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (data: Buffer) => {
        const seen = read(data.subarray(2), socket.remotePort ?? 0, true);
        queries.push(seen);
        const answer = [behave(data.subarray(2), seen) ?? []].flat()[0];
        if (answer)
          socket.end(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 255]), answer]));
      });
    });
    await new Promise<void>((resolve) => stream.listen(port, '127.0.0.1', resolve));
    expect((stream.address() as AddressInfo).port).toBe(port);
    closers.push(() => stream.close());
  }
  return { host: '127.0.0.1', port, queries };
}

export function read(query: Buffer, from: number, overTcp: boolean): Seen {
  const labels: string[] = [];
  let at = 12;
  for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + size));
    at += size + 1;
  }
  const edns = query.readUInt16BE(10) === 1 ? query.readUInt16BE(at + 8) : null;
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), edns, from, overTcp };
}

const questionEnd = (query: Buffer) => query.indexOf(0, 12) + 5;

/** An answer to the query: `texts` as TXT records. */
export function txt(
  query: Buffer,
  texts: string[],
  more: { rcode?: number; truncated?: boolean } = {},
): Buffer {
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (more.truncated ? 0x200 : 0) | (more.rcode ?? 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(texts.length, 6);
  const records = texts.map((text) => {
    const fixed = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, text.length + 1, text.length]);
    return Buffer.concat([fixed, Buffer.from(text)]);
  });
  return Buffer.concat([header, query.subarray(12, questionEnd(query)), ...records]);
}

/** The query's own question in lower case. */
export function lowered(answer: Buffer): Buffer {
  const copy = Buffer.from(answer);
  for (let at = 12; at < copy.length; at += 1) {
    const byte = copy[at] ?? 0;
    if (byte >= 0x41 && byte <= 0x5a) copy[at] = byte + 32;
  }
  return copy;
}

export const NAME = 'some-long-enough-name.example.test';

export const ask = async (servers: DnsServer[], name = NAME, milliseconds = 8_000) => {
  const deadline = new Deadline(milliseconds);
  try {
    const values = await createResolver({ servers }).txt(name, deadline);
    return values.map(String);
  } finally {
    deadline.release();
  }
};
