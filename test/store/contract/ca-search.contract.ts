import { describe, expect, test } from 'vitest';
import type { CertificateQuery } from '../../../src/store/contract/ca/certificate-query.js';
import type { CaStore, CertificateRecord } from '../../../src/store/contract/ca.js';
import { HOUR, NOW } from '../../../tools/kit/facts.js';
import type { CaWorld } from './ca-store.contract.js';

/** One of each kind, for those who look at how they are carried out. */
export const SEARCHES: CertificateQuery[] = [
  {},
  { name: 'www.example.com' },
  { name: '*.example.com' },
  { name: 'www*' },
  { name: '*x*' },
  { name: '10.0.0.7' },
  { name: '10.0.0.0/24' },
  { account: 'a1' },
  { profile: 'server' },
  { issuers: ['an-issuer'] },
  { issuers: ['an-issuer'], state: 'revoked' },
  { issuers: ['an-issuer', 'another'], state: 'good' },
  { state: 'good' },
  { state: 'revoked' },
  { state: 'expired' },
  { expiresBefore: NOW + 2 * HOUR },
  { expiresBefore: NOW + 2 * HOUR, notRenewed: true, name: 'www.example.com' },
];

/** What an operator finds. */
export function caSearchContract(world: CaWorld): void {
  const { record } = world;
  const dns = (...names: string[]) => ({
    cn: names[0] ?? '',
    identifiers: names.map((value) => ({ type: 'dns', value })),
  });
  const ip = (value: string) => ({ cn: value, identifiers: [{ type: 'ip', value }] });

  /** Every page, of every size. */
  const found = async (query: CertificateQuery): Promise<string[]> => {
    const all: string[][] = [];
    for (const limit of [1, 2, 50]) {
      const serials: string[] = [];
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<CaStore['searchCertificates']>> = await world.store.searchCertificates(
          { after, limit, now: NOW, query },
        );
        expect(page.items.length).toBeLessThanOrEqual(limit);
        serials.push(...page.items.map(({ serial }) => serial));
        after = page.next;
      } while (after !== null);
      expect(new Set(serials).size).toBe(serials.length);
      all.push(serials);
    }
    expect(all[1]).toEqual(all[0]);
    expect(all[2]).toEqual(all[0]);
    return all[0] ?? [];
  };
  const serials = (...records: CertificateRecord[]) => records.map(({ serial }) => serial);

  describe('searching certificates', () => {
    test('a name is found inside any subject alternative name, in any case, and as the common name', async () => {
      const second = await record(dns('a.plant.lan', 'press-17.plant.lan'));
      const wild = await record({ ...dns('*.plant.lan'), notAfter: NOW + 2 * HOUR });
      const person = await record({ cn: 'Alice', identifiers: [] });
      const mail = await record({ cn: 'bob', identifiers: [{ type: 'email', value: 'Bob@plant.lan' }] });
      expect(await found({ name: 'PRESS-17.plant.lan' })).toEqual(serials(second));
      expect(await found({ name: 'press-17.plant.lan.' })).toEqual(serials(second));
      expect(await found({ name: 'alice' })).toEqual(serials(person));
      expect(await found({ name: 'bob@plant.lan' })).toEqual(serials(mail));
      expect(await found({ name: 'plant.lan' })).toEqual([]);
      expect(await found({ name: '*.plant.lan' })).toEqual(expect.arrayContaining(serials(second, wild)));
      expect(await found({ name: '*.plant.lan' })).toHaveLength(2);
      expect(await found({ name: '=*.plant.lan' })).toEqual(serials(wild));
      expect(await found({ name: '=a.plant.lan' })).toEqual(serials(second));
    });

    test('an internationalised name is found by its U-label', async () => {
      const one = await record(dns('xn--mller-kva.lan'));
      expect(await found({ name: 'müller.lan' })).toEqual(serials(one));
    });

    test('a glob matches any part, and a certificate with several such names is found once', async () => {
      const both = await record(dns('web-1.plant.lan', 'web-2.plant.lan'));
      const other = await record(dns('db-1.plant.lan'));
      const outside = await record(dns('web-1.office.lan'));
      const set = async (name: string) => new Set(await found({ name }));
      expect(await set('web-?.plant.lan')).toEqual(new Set(serials(both)));
      expect(await set('web-*')).toEqual(new Set(serials(both, outside)));
      expect(await set('*-1.plant.lan')).toEqual(new Set(serials(both, other)));
      expect(await set('*plant*')).toEqual(new Set(serials(both, other)));
      expect(await set('*')).toEqual(new Set(serials(both, other, outside)));
      expect(await set('web-1.plant')).toEqual(new Set());
      expect(await set('?')).toEqual(new Set());
    });

    test('only * and ? are wildcards of a glob, and ? is one character of any plane', async () => {
      const under = await record(dns('a_b.plant.lan'));
      const percent = await record({ cn: 'a%b\\c', identifiers: [] });
      const smile = await record({ cn: 'a\u{1f600}b', identifiers: [] });
      await record(dns('axb.plant.lan'));
      await record(dns('axxb.plant.lan'));
      expect(await found({ name: 'a_b*' })).toEqual(serials(under));
      expect(await found({ name: '*_b.plant.lan' })).toEqual(serials(under));
      expect(await found({ name: 'a%*' })).toEqual(serials(percent));
      expect(await found({ name: '?%b\\c' })).toEqual(serials(percent));
      expect(await found({ name: '*b\\?' })).toEqual(serials(percent));
      expect(await found({ name: 'a?b' })).toEqual(serials(smile));
      expect(await found({ name: 'a??b' })).toEqual([]);
    });

    test('a glob finds a name that is longer than its key by what the key lacks', async () => {
      const long = await record(dns(`press${'-17'.repeat(100)}.plant.lan`));
      await record(dns(`press${'-17'.repeat(100)}.office.lan`));
      expect(await found({ name: 'press-17-17*.plant.lan' })).toEqual(serials(long));
    });

    test('a certificate with more matching names than a page has places is found once, with the others', async () => {
      const many = await record(dns(...Array.from({ length: 120 }, (_, index) => `m${index}.plant.lan`)));
      const other = await record(dns('z.plant.lan'));
      expect(await found({ name: '*.plant.lan' })).toEqual(expect.arrayContaining(serials(many, other)));
      expect(await found({ name: '*.plant.lan' })).toHaveLength(2);
    });

    test('an address is found in any spelling, and by its network', async () => {
      const four = await record(ip('10.0.4.7'));
      const next = await record(ip('10.0.5.1'));
      const six = await record(ip('2001:db8::1'));
      expect(await found({ name: '10.0.4.7' })).toEqual(serials(four));
      expect(await found({ name: '10.0.4.*' })).toEqual(serials(four));
      expect(await found({ name: '10.0.4.0/24' })).toEqual(serials(four));
      expect(new Set(await found({ name: '10.0.4.0/23' }))).toEqual(new Set(serials(four, next)));
      expect(await found({ name: '2001:DB8:0::1' })).toEqual(serials(six));
      expect(await found({ name: '2001:db8::/32' })).toEqual(serials(six));
      expect(await found({ name: '0.0.0.0/0' })).toHaveLength(2);
    });

    test('certificates are found by issuer, together with any other condition', async () => {
      const first = await record({ ...dns('a.plant.lan'), issuer: '' });
      const next = await record({ ...dns('a.plant.lan'), issuer: 'next', notAfter: NOW + 2 * HOUR });
      const held = await record({ issuer: 'next', notAfter: NOW + 3 * HOUR, revokedAt: NOW, reason: 6 });
      await record({ issuer: 'other', notAfter: NOW + 4 * HOUR });
      expect(await found({ issuers: ['next'] })).toEqual(serials(held, next));
      expect(await found({ issuers: [''] })).toEqual(serials(first));
      expect(await found({ issuers: ['', 'next'] })).toEqual(serials(held, next, first));
      expect(await found({ issuers: ['next'], state: 'held' })).toEqual(serials(held));
      expect(await found({ issuers: ['next'], state: 'good' })).toEqual(serials(next));
      expect(await found({ issuers: ['next'], name: 'a.plant.lan' })).toEqual(serials(next));
      expect(await found({ issuers: ['next'], expiresBefore: NOW + 3 * HOUR })).toEqual(serials(next));
      expect(await found({ issuers: ['none'] })).toEqual([]);
      expect(await found({ issuers: [] })).toEqual([]);
    });

    test('certificates are found by state, account, profile and expiry, alone and together', async () => {
      const good = await record({ accountId: 'a1', notAfter: NOW + HOUR });
      const late = await record({ accountId: 'a2', notAfter: NOW + 9 * HOUR, profile: 'webapp' });
      const expired = await record({ notAfter: NOW - 1 });
      const revoked = await record({ revokedAt: NOW, reason: 1, accountId: 'a1', notAfter: NOW + 2 * HOUR });
      const held = await record({ revokedAt: NOW, reason: 6, notAfter: NOW + 3 * HOUR });
      const gone = await record({ accountId: 'a1' });
      await world.store.markDeleted(gone.serial, NOW);
      expect(await found({})).toEqual(serials(late, held, revoked, good, expired));
      expect(await found({ state: 'good' })).toEqual(serials(late, good));
      expect(await found({ state: 'expired' })).toEqual(serials(expired));
      expect(await found({ state: 'revoked' })).toEqual(serials(revoked));
      expect(await found({ state: 'held' })).toEqual(serials(held));
      expect(await found({ account: 'a1' })).toEqual(serials(revoked, good));
      expect(await found({ account: 'a1', state: 'good' })).toEqual(serials(good));
      expect(await found({ profile: 'webapp' })).toEqual(serials(late));
      expect(await found({ expiresBefore: NOW + 2 * HOUR, expiresAfter: NOW })).toEqual(serials(good));
      expect(await found({ expiresBefore: NOW + 9 * HOUR, state: 'good' })).toEqual(serials(good));
      expect(await found({ name: 'www.example.com', account: 'a2' })).toEqual(serials(late));
      expect(await found({ name: 'www.example.com', state: 'held' })).toEqual(serials(held));
    });

    test('a certificate counts as not renewed if no later unrevoked certificate has its names', async () => {
      const alone = await record(dns('alone.lan'));
      const renewed = await record(dns('a.lan', 'b.lan'));
      await record({ ...dns('b.lan', 'c.lan', 'a.lan'), notAfter: NOW + 50 * HOUR });
      const shrunk = await record(dns('x.lan', 'y.lan'));
      await record({ ...dns('x.lan'), notAfter: NOW + 50 * HOUR });
      const taken = await record(dns('taken.lan'));
      await record({ ...dns('taken.lan'), notAfter: NOW + 50 * HOUR, revokedAt: NOW, reason: 1 });
      const soon = { expiresBefore: NOW + 2 * HOUR, state: 'good' as const };
      expect(await found(soon)).toContain(renewed.serial);
      const late = await found({ ...soon, notRenewed: true });
      expect(new Set(late)).toEqual(new Set(serials(alone, shrunk, taken)));
    });

    test('an invalid cursor is refused, also by the listing', async () => {
      for (const after of ['x', '', 'bnVsbA', Buffer.from('["a",1]').toString('base64url')]) {
        const page = { after, limit: 1, now: NOW, query: {} };
        await expect(world.store.searchCertificates(page)).rejects.toThrow(RangeError);
      }
    });
  });
}
