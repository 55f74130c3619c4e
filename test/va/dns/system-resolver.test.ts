import { createSocket } from 'node:dgram';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from '../../../src/va/deadline.js';
import { createResolver } from '../../../src/va/dns/resolver.js';
import { newFolder } from '../../../tools/kit/folder.js';

/** What a test server says of a name: an IPv4 address, nothing there, or no answer at all. */
type Zone = Record<string, string | null>;

let folder = '';
const sockets: ReturnType<typeof createSocket>[] = [];
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
  rmSync(folder, { recursive: true });
});

/** A DNS server at the address; on the port given, or on one the system chooses. Names that are not in the zone do not exist. */
async function dns(host: string, zone: Zone, port = 0): Promise<{ port: number; asked: string[] }> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  const asked: string[] = [];
  socket.on('message', (query, peer) => {
    const labels: string[] = [];
    let at = 12;
    for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + size));
      at += size + 1;
    }
    const name = labels.join('.').toLowerCase();
    const type = query.readUInt16BE(at + 1);
    asked.push(name);
    const address = zone[name];
    if (address === null) return;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(address === undefined ? 0x8183 : 0x8180, 2);
    header.writeUInt16BE(1, 4);
    const found = address !== undefined && type === 1;
    header.writeUInt16BE(found ? 1 : 0, 6);
    const record = Buffer.from([
      0xc0,
      12,
      0,
      1,
      0,
      1,
      0,
      0,
      0,
      60,
      0,
      4,
      ...(address ?? '').split('.').map(Number),
    ]);
    const answer = [header, query.subarray(12, at + 5), ...(found ? [record] : [])];
    socket.send(Buffer.concat(answer), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(port, host, resolve));
  return { port: socket.address().port, asked };
}

/** A resolver of a system with these files, whose DNS servers listen on the port. */
function systemWith(files: { hosts?: string; resolvConf?: string; nsswitch?: string }, dnsPort: number) {
  const put = (name: string, text?: string) => {
    if (text !== undefined) writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const write = (changed: typeof files) => {
    put('hosts', changed.hosts);
    put('resolv.conf', changed.resolvConf);
  };
  write(files);
  const system = {
    hosts: put('hosts'),
    resolvConf: put('resolv.conf'),
    nameServices: put('nsswitch.conf', files.nsswitch),
    dnsPort,
  };
  const resolver = createResolver({ servers: [], system });
  const addresses = async (name: string, milliseconds = 3_000) => {
    const deadline = new Deadline(milliseconds);
    try {
      return await resolver.addresses(name, deadline);
    } finally {
      deadline.release();
    }
  };
  return { addresses, resolver, write };
}

describe('names are looked up like the system does, exactly as ordered', () => {
  it('the hosts file comes first, IPv6 before IPv4, and DNS is not queried', async () => {
    const { port, asked } = await dns('127.0.0.1', { 'app.internal': '10.0.0.9' });
    const hosts = '10.0.0.1 app.internal\n10.0.0.2 app.internal\nfd00::1 App.Internal\n';
    const { addresses } = systemWith({ hosts }, port);
    expect(await addresses('app.internal')).toEqual(['fd00::1', '10.0.0.1', '10.0.0.2']);
    expect(asked).toEqual([]);
  });

  it('DNS comes first if nsswitch.conf lists it first', async () => {
    const { port } = await dns('127.0.0.1', { 'app.internal': '10.0.0.9' });
    const hosts = '10.0.0.1 app.internal\n10.0.0.2 only.internal\n';
    const { addresses } = systemWith({ hosts, nsswitch: 'hosts: dns files\n' }, port);
    expect(await addresses('app.internal')).toEqual(['10.0.0.9']);
    expect(await addresses('only.internal')).toEqual(['10.0.0.2']);
  });

  it('a search list applies to no name with a dot, whatever the value of ndots (Kubernetes)', async () => {
    const { port, asked } = await dns('127.0.0.1', {
      'app.internal.trap.test': '10.6.6.6',
      'missing.internal.trap.test': '10.6.6.6',
      'app.internal': '10.0.0.9',
      'box.trap.test': '10.0.0.8',
    });
    const { addresses } = systemWith({ resolvConf: 'search trap.test\noptions ndots:5\n' }, port);
    expect(await addresses('app.internal')).toEqual(['10.0.0.9']);
    await expect(addresses('missing.internal')).rejects.toThrow(
      'missing.internal is not in the hosts file and has no A or AAAA record',
    );
    expect(asked.some((name) => name.endsWith('internal.trap.test'))).toBe(false);
    expect(await addresses('box')).toEqual(['10.0.0.8']);
  });

  it('changes of resolv.conf and hosts take effect at once', async () => {
    const { port } = await dns('127.0.0.1', { 'app.internal': '10.0.0.1' });
    await dns('127.0.0.2', { 'app.internal': '10.0.0.2' }, port);
    const { addresses, write } = systemWith({ resolvConf: 'nameserver 127.0.0.3\n' }, port);
    await expect(addresses('app.internal')).rejects.toThrow('127.0.0.3');
    for (const host of ['127.0.0.1', '127.0.0.2']) {
      write({ resolvConf: `nameserver ${host}\n` });
      await vi.waitFor(async () =>
        expect(await addresses('app.internal')).toEqual([host.replace('127', '10')]),
      );
    }
    write({ hosts: '10.0.0.3 app.internal\n' });
    await vi.waitFor(async () => expect(await addresses('app.internal')).toEqual(['10.0.0.3']));
  });

  it('names whose lookup hangs delay no other name, however many hang', async () => {
    const hanging = Array.from({ length: 50 }, (_, index) => `hang${index}.test`);
    const { port, asked } = await dns('127.0.0.1', {
      ...Object.fromEntries(hanging.map((name) => [name, null])),
      'app.internal': '10.0.0.1',
    });
    const { addresses } = systemWith({}, port);
    const late = hanging.map((name) => addresses(name, 3_000).catch((error: Error) => error.message));
    await vi.waitFor(() => expect(asked).toEqual(expect.arrayContaining(hanging)));
    expect(await Promise.race([addresses('app.internal'), ...late])).toEqual(['10.0.0.1']);
    for (const message of await Promise.all(late)) expect(message).toMatch(/out of time/);
  });

  it('a missing answer for one address family does not delay the other', async () => {
    const socket = createSocket('udp4');
    sockets.push(socket);
    socket.on('message', (query, peer) => {
      const end = query.indexOf(0, 12) + 5;
      if (query.readUInt16BE(end - 4) !== 1) return;
      const header = Buffer.from([...query.subarray(0, 2), 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
      const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 7]);
      socket.send(Buffer.concat([header, query.subarray(12, end), record]), peer.port, peer.address);
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { addresses } = systemWith({}, socket.address().port);
    const started = performance.now();
    expect(await addresses('app.internal')).toEqual(['10.0.0.7']);
    expect(performance.now() - started).toBeLessThan(1_500);
  });
});
