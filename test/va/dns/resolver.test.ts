import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
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
type Behaviour = (query: Buffer, seen: Seen) => Buffer | Buffer[] | null;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A DNS server that does as `behave` says; TCP only when asked for. */
async function server(behave: Behaviour, tcp = false) {
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

function read(query: Buffer, from: number, overTcp: boolean): Seen {
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
function txt(query: Buffer, texts: string[], more: { rcode?: number; truncated?: boolean } = {}): Buffer {
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
function lowered(answer: Buffer): Buffer {
  const copy = Buffer.from(answer);
  for (let at = 12; at < copy.length; at += 1) {
    const byte = copy[at] ?? 0;
    if (byte >= 0x41 && byte <= 0x5a) copy[at] = byte + 32;
  }
  return copy;
}

const NAME = 'some-long-enough-name.example.test';
const ask = async (servers: DnsServer[], name = NAME, milliseconds = 8_000) => {
  const deadline = new Deadline(milliseconds);
  try {
    const values = await createResolver({ servers }).txt(name, deadline);
    return values.map(String);
  } finally {
    deadline.release();
  }
};

describe('the resolver works with real DNS servers', () => {
  it('the case of a query’s letters is random and different each time', async () => {
    const dns = await server((query) => txt(query, ['yes']));
    for (let turn = 0; turn < 3; turn += 1) expect(await ask([dns])).toEqual(['yes']);
    const names = dns.queries.map(({ name }) => name);
    expect(new Set(names).size).toBe(3);
    expect(new Set(names.map((each) => each.toLowerCase()))).toEqual(new Set([NAME]));
  });

  it.each<[string, Behaviour]>([
    ['answers in lower case', (query) => lowered(txt(query, ['yes']))],
    [
      'knows lower case only',
      (query, { name }) => txt(query, name === NAME ? ['yes'] : [], { rcode: name === NAME ? 0 : 3 }),
    ],
    ['finds nothing under capitals', (query, { name }) => txt(query, name === NAME ? ['yes'] : [])],
    [
      'refuses capitals',
      (query, { name }) => txt(query, name === NAME ? ['yes'] : [], { rcode: name === NAME ? 0 : 5 }),
    ],
    [
      'fails at capitals',
      (query, { name }) => txt(query, name === NAME ? ['yes'] : [], { rcode: name === NAME ? 0 : 2 }),
    ],
    ['does not answer capitals', (query, { name }) => (name === NAME ? txt(query, ['yes']) : null)],
  ])('a server that %s is queried again in lower case', async (_, behave) => {
    const dns = await server(behave);
    expect(await ask([dns])).toEqual(['yes']);
  });

  it('a server that answers only some mixed-case queries is queried again in lower case', async () => {
    const dns = await server((query, { name }) =>
      txt(query, name.toLowerCase() !== NAME || name === NAME ? ['yes'] : []),
    );
    const resolver = createResolver({ servers: [dns] });
    const deadline = new Deadline(5_000);
    for (const name of ['any-other-name.example.test', NAME]) {
      expect((await resolver.txt(name, deadline)).map(String)).toEqual(['yes']);
    }
    deadline.release();
  });

  it('a zone whose answers differ does not end the mixed case for other names', async () => {
    const dns = await server((query, { name }) =>
      txt(query, name.endsWith('.evil.test') || name.toLowerCase() === NAME ? ['yes'] : []),
    );
    const resolver = createResolver({ servers: [dns] });
    const deadline = new Deadline(5_000);
    for (const name of [NAME, 'answers-lower-case-only.evil.test', NAME]) {
      expect((await resolver.txt(name, deadline)).map(String)).toEqual(['yes']);
    }
    deadline.release();
    expect(dns.queries.at(-1)?.name).not.toBe(NAME);
  });

  it('a server that does not preserve case is queried in lower case from then on', async () => {
    const dns = await server((query) => lowered(txt(query, ['yes'])));
    const resolver = createResolver({ servers: [dns] });
    const deadline = new Deadline(5_000);
    for (let turn = 0; turn < 3; turn += 1) await resolver.txt(NAME, deadline);
    deadline.release();
    expect(dns.queries.length).toBe(4);
    expect(dns.queries.slice(1).every(({ name }) => name === NAME)).toBe(true);
  });

  it.each<[string, (query: Buffer) => Buffer | null]>([
    ['FORMERR', (query) => txt(query, [], { rcode: 1 })],
    [
      'FORMERR and no question',
      (query) =>
        Buffer.concat([
          query.subarray(0, 2),
          Buffer.from('818100000000000000 00'.replace(' ', ''), 'hex'),
          Buffer.from([0]),
        ]).subarray(0, 12),
    ],
    ['NOTIMP', (query) => txt(query, [], { rcode: 4 })],
    ['SERVFAIL', (query) => txt(query, [], { rcode: 2 })],
    ['silence', () => null],
  ])('a server that answers EDNS with %s is queried without EDNS (RFC 6891 §6.2.2)', async (_, refuse) => {
    const dns = await server((query, { edns }) => (edns === null ? txt(query, ['yes']) : refuse(query)));
    expect(await ask([dns])).toEqual(['yes']);
  });

  it('a query with a truncated answer is repeated over TCP', async () => {
    const dns = await server(
      (query, { overTcp }) => txt(query, overTcp ? ['whole'] : [], { truncated: !overTcp }),
      true,
    );
    expect(await ask([dns])).toEqual(['whole']);
  });

  it('a server for TCP only gets no query over UDP', async () => {
    const dns = await server((query, { overTcp }) => (overTcp ? txt(query, ['yes']) : null), true);
    expect(await ask([{ ...dns, overTcp: true }])).toEqual(['yes']);
    expect(dns.queries.every(({ overTcp }) => overTcp)).toBe(true);
  });

  it('hundreds of records, which clients left behind, are read', async () => {
    const texts = Array.from({ length: 600 }, (_, index) => `left behind ${index}`);
    const dns = await server(
      (query, { overTcp }) => txt(query, overTcp ? texts : [], { truncated: !overTcp }),
      true,
    );
    expect(await ask([dns])).toEqual(texts);
  });

  it('a server without TCP is queried again with a larger packet size', async () => {
    const dns = await server((query, { edns }) =>
      txt(query, edns === 4096 ? ['whole'] : [], { truncated: edns !== 4096 }),
    );
    expect(await ask([dns])).toEqual(['whole']);
  });

  it('a server that only truncates gives no answer', async () => {
    const dns = await server((query) => txt(query, [], { truncated: true }));
    await expect(ask([dns])).rejects.toThrow(/truncated/);
  });

  it('the next server is queried while a slow one may still answer', async () => {
    const late = createSocket('udp4');
    let answerFirst: (() => void) | null = null;
    late.on('message', (query, peer) => {
      answerFirst?.();
      answerFirst ??= () => late.send(txt(query, ['late']), peer.port, peer.address);
    });
    await new Promise<void>((resolve) => late.bind(0, '127.0.0.1', resolve));
    closers.push(() => late.close());
    expect(await ask([{ host: '127.0.0.1', port: late.address().port }])).toEqual(['late']);
    const quick = await server((query) => txt(query, ['quick']));
    const silent = await server(() => null);
    expect(await ask([silent, quick])).toEqual(['quick']);
  });

  it('a server that answers only with a referral is skipped', async () => {
    const referring = await server((query) => {
      const empty = txt(query, []);
      empty.writeUInt16BE(0x8000, 2);
      empty.writeUInt16BE(1, 8);
      return Buffer.concat([empty, Buffer.from([0, 0, 2, 0, 1, 0, 0, 0, 60, 0, 3, 1, 0x61, 0])]);
    });
    const resolving = await server((query) => txt(query, ['yes']));
    expect(await ask([referring, resolving])).toEqual(['yes']);
    await expect(ask([referring])).rejects.toThrow(/refers to other servers/);
  });

  it('a lookup without any DNS server fails with that reason', async () => {
    await expect(ask([{ host: '127.0.0.1', port: 9 }])).rejects.toThrow('127.0.0.1:9: connection refused');
  });
});

describe('answers are hard to forge (RFC 5452)', () => {
  it('equal concurrent queries are sent once, and each caller has its own deadline', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const udp = createSocket('udp4');
    const seen: string[] = [];
    udp.on('message', (query, peer) => {
      seen.push(read(query, peer.port, false).name.toLowerCase());
      void held.then(() => udp.send(txt(query, ['yes']), peer.port, peer.address));
    });
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    closers.push(() => udp.close());
    const resolver = createResolver({ servers: [{ host: '127.0.0.1', port: udp.address().port }] });
    const long = new Deadline(5_000);
    const short = new Deadline(50);
    const patient = Array.from({ length: 50 }, () => resolver.txt(NAME, long));
    await expect(resolver.txt(NAME.toUpperCase(), short)).rejects.toThrow(/out of time/);
    release();
    for (const values of await Promise.all(patient)) expect(values.map(String)).toEqual(['yes']);
    long.release();
    expect(seen).toEqual([NAME]);
  });

  it('a port that receives a wrong id is abandoned, and the query is sent from another port', async () => {
    let forge = true;
    const dns = await server((query) => {
      const right = txt(query, ['right']);
      if (!forge) return right;
      forge = false;
      const forged = txt(query, ['forged']);
      forged.writeUInt16BE((query.readUInt16BE(0) + 1) & 0xffff, 0);
      return [forged, right];
    });
    expect(await ask([dns])).toEqual(['right']);
    expect(new Set(dns.queries.map(({ from }) => from)).size).toBe(2);
  });

  it('an answer to another question with the right id counts as forged', async () => {
    let forge = true;
    const dns = await server((query, { name }) => {
      if (!forge) return txt(query, [name.toLowerCase()]);
      forge = false;
      const other = Buffer.from(query);
      other.write('X', 13);
      return txt(other, ['forged']);
    });
    expect(await ask([dns])).toEqual([NAME]);
  });

  it('a query is sent over TCP after several ports were abandoned', async () => {
    const dns = await server((query, { overTcp }) => {
      const answer = txt(query, [overTcp ? 'tcp' : 'forged']);
      if (!overTcp) answer.writeUInt16BE((query.readUInt16BE(0) + 1) & 0xffff, 0);
      return answer;
    }, true);
    expect(await ask([dns])).toEqual(['tcp']);
  });

  it('an unanswered query is repeated from another port', async () => {
    const dns = await server(() => null);
    await expect(ask([dns], NAME, 2_400)).rejects.toThrow(/out of time/);
    const asked = dns.queries.filter(({ name }) => name !== '');
    expect(asked.length).toBe(2);
    expect(new Set(asked.map(({ from }) => from)).size).toBe(2);
  });
});
