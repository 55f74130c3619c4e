import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkBuilder } from '../../src/acme/links.js';
import { hostWithoutPort } from '../../src/acme/resources/well-known.js';
import { FormerBases } from '../../src/ra/former-bases.js';

let names: readonly string[] = ['ra.example.internal', 'ra', '192.0.2.7', '::1'];
const settings = new Map<string, string>();
const formerBases = new FormerBases({
  getSetting: async (name) => settings.get(name) ?? null,
  listSettings: async (prefix) => [...settings.keys()].filter((name) => name.startsWith(prefix)),
  putSetting: async (name, value) => {
    settings.set(name, value);
  },
});
const builder = (publicUrl: string | null = null) =>
  new LinkBuilder({ publicUrl, ownNames: () => names, port: () => 8000, formerBases });

/** Our own name with any port. */
const OWN_AUTHORITY = fc.nat(99_999).map((port) => `ra:${port}`);

describe('the base of URLs', () => {
  it.each([
    ['ra.example.internal:8000', 'https://ra.example.internal:8000'],
    ['RA.Example.Internal:8000', 'https://ra.example.internal:8000'],
    ['ra:9443', 'https://ra:9443'],
    ['ra', 'https://ra'],
    ['ra:443', 'https://ra'],
    ['192.0.2.7:8000', 'https://192.0.2.7:8000'],
    ['[::1]:8000', 'https://[::1]:8000'],
  ])('follows the Host %s when the name is our own', (host, base) => {
    expect(builder().forHost(host).base).toBe(base);
  });

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8000',
    'ra.example.internal.evil.example',
    'ra@evil',
    'ra:8000/x',
    'ra:port',
    'ra:0',
    'ra:08000',
    'ra:65536',
    'ra:99999',
    '[::1]:65536',
    '[ra]x',
  ])('never echoes the Host %s, but uses our first name', (host) => {
    expect(builder().forHost(host).base).toBe('https://ra.example.internal:8000');
  });

  it('is one of our names, whatever the Host header says', () => {
    const links = builder();
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webAuthority(), OWN_AUTHORITY), (host) => {
        const { hostname } = new URL(links.forHost(host).base);
        expect(names).toContain(hostname.replace(/^\[|\]$/g, ''));
      }),
    );
  });

  it('is the configured one when there is one', () => {
    expect(builder('https://pki.example.test').forHost('ra:8000').directory).toBe(
      'https://pki.example.test/acme/directory',
    );
  });

  it('follows a new certificate', () => {
    const links = builder();
    expect(links.forHost('new:8000').base).toBe('https://ra.example.internal:8000');
    const before = names;
    names = ['new'];
    expect(links.forHost('new:8000').base).toBe('https://new:8000');
    expect(links.forHost('ra:8000').base).toBe('https://new:8000');
    expect(links.main().base).toBe('https://new:8000');
    names = before;
  });

  it('survives more hosts than it remembers', () => {
    const links = builder();
    for (let port = 1; port < 500; port++)
      expect(links.forHost(`ra:${port}`).base).toBe(port === 443 ? 'https://ra' : `https://ra:${port}`);
  });
});

describe('a kid (RFC 8555 §6.2)', () => {
  it.each([
    ['https://ra:8000/acme/account/abc', 'abc'],
    ['https://ra.example.internal:8000/acme/account/abc', 'abc'],
    ['https://evil.example:8000/acme/account/abc', null],
    ['http://ra:8000/acme/account/abc', null],
    ['https://RA:8000/acme/account/abc', null],
    ['https://ra:8000/acme/account/abc/orders', null],
    ['https://ra:8000/acme/account/abc?x', null],
    ['https://ra:8000/acme/account/', null],
    ['https://ra:8000/acme/order/abc', null],
    ['abc', null],
    ['', null],
  ])('%s names the account %s', async (kid, id) => {
    const links = builder();
    expect(await links.accountId(kid, links.forHost('ra:8000'))).toBe(id);
  });

  it('is accepted under the configured base and under our own names', async () => {
    const links = builder('https://pki.example.test');
    expect(await links.accountId('https://pki.example.test/acme/account/a', links.main())).toBe('a');
    expect(await links.accountId('https://ra:8000/acme/account/a', links.main())).toBe('a');
    expect(await links.accountId('https://other.test/acme/account/a', links.main())).toBeNull();
  });

  it.each([
    'https://old.example:8443',
    'http://old.example',
    'https://192.0.2.99',
    'https://[2001:db8::9]:8000',
  ])('counts under %s once it was remembered, in every replica, and no longer name is asked for', async (base) => {
    const links = builder();
    const kid = `${base}/acme/account/a`;
    expect(await links.accountId(kid, links.main())).toBeNull();
    await links.remember(base);
    expect(await builder('https://new.example').accountId(kid, links.main())).toBe('a');
    expect(await links.accountId(`${base}0/acme/account/a`, links.main())).toBeNull();
    expect(await links.accountId(`https://${'a'.repeat(9999)}/acme/account/a`, links.main())).toBeNull();
  });

  it('does not count under a port that no URL can have, and such a base of an older RA is passed over', async () => {
    const links = builder();
    expect(await links.accountId('https://ra:99999/acme/account/a', links.main())).toBeNull();
    settings.set('acme base https://ra:99999', '');
    const replica = builder();
    expect(await replica.hosts()).toContain('ra.example.internal');
    expect(await replica.accountUrls('a')).not.toContain('https://ra:99999/acme/account/a');
  });

  it('is stored for a limited number of ports, because clients choose them; our own bases are always stored', async () => {
    const stored = new Map<string, string>();
    const bases = new FormerBases({
      getSetting: async (name) => stored.get(name) ?? null,
      listSettings: async () => [...stored.keys()],
      putSetting: async (name, value) => {
        stored.set(name, value);
      },
    });
    for (let port = 1; port <= 1_500; port += 1) await bases.rememberAsked(`https://ra:${port}`);
    expect(stored.size).toBe(1_000);
    expect(await bases.includes('https://ra:1500')).toBe(false);
    await bases.remember('https://ra:1500');
    expect(await bases.includes('https://ra:1500')).toBe(true);
  });

  it('has the bases of all names, and the configured one', () => {
    expect(builder('https://pki.example.test').bases()).toEqual([
      'https://pki.example.test',
      'https://ra.example.internal:8000',
      'https://ra:8000',
      'https://192.0.2.7:8000',
      'https://[::1]:8000',
    ]);
  });
});

describe('the host under which an http-01 token is requested (§8.3)', () => {
  it.each([
    ['App.Example.test', 'app.example.test'],
    ['app.example.test:80', 'app.example.test'],
    ['192.0.2.7:80', '192.0.2.7'],
    ['[2001:db8::1]:80', '2001:db8::1'],
    ['a b', null],
    [undefined, null],
  ])('%s is %s', (header, host) => {
    expect(hostWithoutPort(header)).toBe(host);
  });
});
