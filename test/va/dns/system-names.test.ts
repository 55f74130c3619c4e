import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseHosts } from '../../../src/va/dns/hosts-file.js';
import { parseNameServices } from '../../../src/va/dns/name-services.js';
import { parseResolvConf } from '../../../src/va/dns/resolv-conf.js';
import { SystemNames } from '../../../src/va/dns/system-names.js';
import { newFolder } from '../../../tools/kit/folder.js';

describe('the hosts file, hosts(5),', () => {
  it('is read line by line: an address, names in any case, comments, tabs, CRLF', () => {
    const hosts = parseHosts(
      '127.0.0.1\tlocalhost box # me\r\n::1 localhost\n\n# 10.0.0.1 no\n  10.0.0.2   Mail.Example.TEST mail\n300.1.1.1 bad\nbad 10.0.0.1\n10.0.0.3 mail\n10.0.0.3 mail#mail2',
    );
    expect(Object.fromEntries(hosts)).toEqual({
      localhost: ['127.0.0.1', '::1'],
      box: ['127.0.0.1'],
      'mail.example.test': ['10.0.0.2'],
      mail: ['10.0.0.2', '10.0.0.3'],
    });
  });

  it('is read without an error, whatever it contains', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        for (const addresses of parseHosts(text).values()) expect(addresses.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('resolv.conf(5)', () => {
  it.each([
    ['', { servers: ['127.0.0.1'], search: null, ndots: 1, overTcp: false }],
    [
      'nameserver 10.0.0.1\nnameserver  fe80::1%eth0\n;nameserver 1.1.1.1\n#nameserver 1.1.1.1\nnameserver x\nnameserver ::1\nnameserver 10.0.0.4',
      { servers: ['10.0.0.1', 'fe80::1%eth0', '::1'], search: null, ndots: 1, overTcp: false },
    ],
    [
      'search a.test b.test.\ndomain c.test\noptions ndots:5 timeout:1\n',
      { servers: ['127.0.0.1'], search: ['c.test'], ndots: 5, overTcp: false },
    ],
    [
      'domain c.test\r\nsearch a.test\tB.test .\r\noptions ndots:0',
      { servers: ['127.0.0.1'], search: ['a.test', 'b.test'], ndots: 0, overTcp: false },
    ],
    [
      'options attempts:3 use-vc rotate\noptions ndots:2',
      { servers: ['127.0.0.1'], search: null, ndots: 2, overTcp: true },
    ],
  ])('is read from %j', (text, expected) => {
    expect(parseResolvConf(text)).toEqual(expected);
  });

  it('is read without an error, whatever it contains', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        expect(parseResolvConf(`nameserver ${text}`).servers.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('nsswitch.conf(5)', () => {
  it.each([
    ['', ['files', 'dns'], false],
    ['passwd: files\nhosts: files dns', ['files', 'dns'], false],
    ['hosts:\tdns files', ['dns', 'files'], false],
    ['hosts: files', ['files'], false],
    ['hosts: files [NOTFOUND=return] dns', ['files'], false],
    ['hosts: files mdns4_minimal [NOTFOUND=return] dns # x', ['files', 'dns'], true],
    ['hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns', ['files', 'dns'], true],
  ])('with %j selects the sources %j, with others: %s', (text, order, others) => {
    expect(parseNameServices(text)).toEqual({ order, others });
  });
});

describe('the name files of the system', () => {
  let folder = '';
  beforeAll(() => {
    folder = newFolder();
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  let names: SystemNames;
  beforeEach(() => {
    for (const each of ['hosts', 'resolv.conf', 'nsswitch.conf']) rmSync(path(each), { force: true });
    names = new SystemNames({
      hosts: path('hosts'),
      resolvConf: path('resolv.conf'),
      nameServices: path('nsswitch.conf'),
    });
  });

  it('are read again after they are created, changed, replaced or removed', async () => {
    const address = () => names.inHosts('box.test');
    expect(address()).toEqual([]);
    expect(names.servers()).toMatchObject([{ host: '127.0.0.1', port: 53 }]);
    for (const [hosts, server] of [
      ['10.0.0.1', '10.9.9.1'],
      ['10.0.0.2', '10.9.9.2'],
    ]) {
      writeFileSync(path('hosts'), `${hosts} box.test\n`);
      writeFileSync(path('resolv.conf'), `nameserver ${server}\n`);
      await vi.waitFor(() => expect(address()).toEqual([hosts]));
      await vi.waitFor(() => expect(names.servers()).toMatchObject([{ host: server, port: 53 }]));
    }
    writeFileSync(path('new'), '10.0.0.3 box.test\n');
    renameSync(path('new'), path('hosts'));
    await vi.waitFor(() => expect(address()).toEqual(['10.0.0.3']));
    rmSync(path('hosts'));
    rmSync(path('resolv.conf'));
    await vi.waitFor(() => expect(address()).toEqual([]));
    await vi.waitFor(() => expect(names.servers()).toMatchObject([{ host: '127.0.0.1', port: 53 }]));
  });

  it('have the servers queried over TCP only, with the option use-vc', () => {
    writeFileSync(path('resolv.conf'), 'nameserver 10.9.9.1\noptions use-vc\n');
    expect(names.servers()).toEqual([{ host: '10.9.9.1', port: 53, overTcp: true }]);
  });

  it('make a name with a dot be queried as it is, whatever the search list and ndots', () => {
    writeFileSync(path('resolv.conf'), 'search trap.test cluster.local\noptions ndots:5\n');
    expect(names.inDns('app.internal')).toEqual(['app.internal']);
    expect(names.inDns('a.b')).toEqual(['a.b']);
  });

  it('make a name without a dot be queried with each suffix, as the system does', async () => {
    writeFileSync(path('resolv.conf'), 'search a.test b.test\n');
    expect(names.inDns('box')).toEqual(['box.a.test', 'box.b.test', 'box']);
    writeFileSync(path('resolv.conf'), 'search a.test\noptions ndots:0\n');
    await vi.waitFor(() => expect(names.inDns('box')).toEqual(['box', 'box.a.test']));
  });
});
