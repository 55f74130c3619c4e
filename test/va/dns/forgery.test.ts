import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { Deadline } from '../../../src/va/deadline.js';
import { createResolver } from '../../../src/va/dns/resolver.js';
import { ask, closers, NAME, read, server, txt } from './answering-servers.js';

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
