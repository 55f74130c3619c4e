import { describe, expect, it } from 'vitest';
import { accountHash, persistRecord } from '../../src/va/dns-persist-01.js';
import type { ValidationRequest } from '../../src/va/types.js';
import type { ZoneAnswer } from '../../tools/kit/dns-server.js';
import { dnsZone, failure, KEY_AUTHORIZATION, validate } from './world.js';

const HOUR = 3600_000;
const NOW = Date.parse('2026-11-30T00:00:00Z');
const SECONDS = NOW / 1000;
const ACCOUNT = 'https://ra.test/acme/account/1';
const FORMER = 'https://old.test:8000/acme/account/1';
const GOOD = `ra.test; accounturi=${ACCOUNT}`;
const thumbprint = KEY_AUTHORIZATION.split('.')[1] ?? '';
const hashed = (domain: string, url = ACCOUNT, key = thumbprint) =>
  `${new URL(url).origin}/acme/account-hash/sha-256/${accountHash(domain, key, url)}`;

type Zone = Record<string, string[] | ZoneAnswer>;

/** Each entry: a name, without the label, with the values of its TXT records. */
async function judged(zone: Zone, overrides: Partial<ValidationRequest> = {}) {
  const answers = Object.entries(zone).map(([name, answer]): [string, ZoneAnswer] => [
    `TXT _validation-persist.${name}`,
    Array.isArray(answer) ? { records: answer.map((text) => ({ txt: chunks(text) })), ttl: 3600 } : answer,
  ]);
  const dns = await dnsZone(Object.fromEntries(answers));
  const asked = { type: 'dns-persist-01', accountUris: async () => [ACCOUNT, FORMER], ...overrides } as const;
  const result = await validate(dns, asked, {
    clock: () => NOW,
    dnsPersist: { issuers: async () => ['ra.test', 'ca.example'], longest: 24 * HOUR },
    caa: { mode: 'off', identities: [] },
  });
  return { result, dns };
}

const chunks = (text: string) => text.match(/.{1,255}/gs) ?? [''];
const APP = 'app.example.test';
const wildcard = { identifier: { type: 'dns', value: 'example.test' }, wildcard: true } as const;

describe('dns-persist-01 (draft-ietf-acme-dns-persist)', () => {
  it.each([
    ['the account’s URL (-01)', GOOD],
    ['another issuer name of this CA', `ca.example; accounturi=${ACCOUNT}`],
    ['the issuer name in mixed case', `RA.Test; accounturi=${ACCOUNT}`],
    ['no spaces', `ra.test;accounturi=${ACCOUNT}`],
    ['spaces and tabs where the grammar allows them', ` ra.test \t;\t AccountURI = ${ACCOUNT} `],
    ['unknown parameters', `ra.test; x=1; accounturi=${ACCOUNT}; tbs=https://x/?y=z`],
    ['an unknown policy, which is ignored', `${GOOD}; policy=everything`],
    ['a persistUntil in the future', `${GOOD}; persistUntil=${SECONDS + 60}`],
    ['a persistUntil at this second', `${GOOD}; persistUntil=${SECONDS}`],
    ['the URL the account had under a former name of the RA', `ra.test; accounturi=${FORMER}`],
    ['a hashed account URI (-02)', `ra.test; accounturi=${hashed(APP)}`],
    ['a hashed account URI for all names (-02)', `ra.test; accounturi=${hashed('*')}`],
    ['a hash of a former account URL', `ra.test; accounturi=${hashed(APP, FORMER)}`],
    ['more than one character-string', `${GOOD}; note=${'x'.repeat(600)}`],
  ])('is proven by a record with %s', async (_, record) => {
    const { result } = await judged({ [APP]: [record] });
    expect(result).toMatchObject({ ok: true });
  });

  it.each([
    ['no record', [], 'unauthorized', `expected "${GOOD}"`],
    [
      'the issuer name of another CA',
      [`other.test; accounturi=${ACCOUNT}`],
      'unauthorized',
      'no TXT record of this',
    ],
    [
      'an issuer name that only begins like ours',
      [`ra.test.evil; accounturi=${ACCOUNT}`],
      'unauthorized',
      '',
    ],
    ...[
      ['at another base', hashed(APP).replace('ra.test', 'old.test:8000')],
      ['with something after it', `${hashed(APP)}/acme/account-hash/sha-256/x`],
      ['at the start of a base', hashed(APP).replace('ra.test', 'ra')],
    ].map(([what, uri]): [string, string[], string, string] => [
      `a hash ${what}`,
      [`ra.test; accounturi=${uri}`],
      'unauthorized',
      'another account',
    ]),
    ['no accounturi', ['ra.test'], 'malformed', 'no accounturi'],
    ['an empty accounturi', ['ra.test; accounturi='], 'malformed', 'no accounturi'],
    ['another account', [`ra.test; accounturi=${ACCOUNT}0`], 'unauthorized', 'another account'],
    ['the account’s URL in upper case', [`ra.test; accounturi=${ACCOUNT.toUpperCase()}`], 'unauthorized', ''],
    [
      'an account of another server with the same number',
      ['ra.test; accounturi=https://evil.test/acme/account/1'],
      'unauthorized',
      '',
    ],
    ['a repeated parameter', [`${GOOD}; accounturi=${ACCOUNT}`], 'malformed', 'twice'],
    ['a repeated unknown parameter', [`${GOOD}; x=1; X=2`], 'malformed', 'twice'],
    ['a syntax error', [`${GOOD} policy=wildcard`], 'malformed', 'issue-value'],
    ['a trailing semicolon', [`${GOOD};`], 'malformed', 'issue-value'],
    [
      'a persistUntil that is not a number',
      [`${GOOD}; persistUntil=2030-01-01`],
      'malformed',
      'persistUntil',
    ],
    ['a fractional persistUntil', [`${GOOD}; persistUntil=${SECONDS + 60}.5`], 'malformed', 'persistUntil'],
    ['an empty persistUntil', [`${GOOD}; persistUntil=`], 'malformed', 'persistUntil'],
    ['a hexadecimal persistUntil', [`${GOOD}; persistUntil=0xffffffff`], 'malformed', 'persistUntil'],
    ['a persistUntil in the past', [`${GOOD}; persistUntil=${SECONDS - 1}`], 'unauthorized', 'expired'],
    ['a persistUntil before 1970', [`${GOOD}; persistUntil=-1`], 'unauthorized', 'expired'],
    ['a hash of another name', [`ra.test; accounturi=${hashed('www.example.test')}`], 'unauthorized', ''],
    [
      'a hash with another key',
      [`ra.test; accounturi=${hashed(APP, ACCOUNT, 'x'.repeat(43))}`],
      'unauthorized',
      '',
    ],
  ])('a zone with %s is refused', async (_, records, type, words) => {
    const { result } = await judged({ [APP]: records });
    const { detail, ...rest } = failure(result);
    expect(rest).toMatchObject({ type });
    expect(detail).toContain(words);
    expect(detail).toContain(`_validation-persist.${APP}`);
  });

  it('one matching record is enough, and records of other CAs are ignored', async () => {
    const { result } = await judged({ [APP]: ['other.test; ;;', 'v=spf1 -all', 'ra.test', GOOD] });
    expect(result.ok).toBe(true);
  });

  it('an IP address is refused as malformed', async () => {
    const identifier = { type: 'ip', value: '192.0.2.1' } as const;
    expect(failure((await judged({}, { identifier })).result).type).toBe('malformed');
  });

  it('a failing DNS server causes a dns error, which is retried', async () => {
    const { result } = await judged({ [APP]: { rcode: 2 } });
    expect(failure(result)).toMatchObject({ type: 'dns', retryable: true });
  });

  it('CNAMEs are followed', async () => {
    const { result } = await judged({ [APP]: { records: [{ cname: 'x.test' }, { txt: [GOOD] }] } });
    expect(result.ok).toBe(true);
  });

  it('a challenge offered earlier is refused once dns-persist-01 is switched off', async () => {
    const dns = await dnsZone({ [`TXT _validation-persist.${APP}`]: { records: [{ txt: [GOOD] }] } });
    expect(failure(await validate(dns, { type: 'dns-persist-01' })).detail).toMatch(/not offered/);
  });
});

describe('policy=wildcard of dns-persist-01', () => {
  const WIDE = `${GOOD}; policy=WildCard`;
  it.each([
    ['a wildcard is granted by its base name', 'example.test', WIDE, wildcard, true],
    ['a wildcard is refused without the policy', 'example.test', GOOD, wildcard, false],
    [
      'a wildcard is refused with another policy',
      'example.test',
      `${GOOD}; policy=wildcards`,
      wildcard,
      false,
    ],
    ['the name itself is granted', APP, WIDE, {}, true],
    ['a name one label below is granted', 'example.test', WIDE, {}, true],
    ['a name below is refused without the policy', 'example.test', GOOD, {}, false],
    ['a name several labels below is granted', 'test', WIDE, {}, true],
    [
      'a wildcard below is granted',
      'example.test',
      WIDE,
      { identifier: { type: 'dns', value: 'dept.example.test' }, wildcard: true },
      true,
    ],
    ['a sibling name is refused', 'www.example.test', WIDE, {}, false],
    ['a record below the name is refused', `x.${APP}`, WIDE, {}, false],
    [
      'a name that only ends alike is refused',
      'example.test',
      WIDE,
      { identifier: { type: 'dns', value: 'anexample.test' } },
      false,
    ],
    [
      'the hash of the name with the record is granted',
      'example.test',
      `ra.test; accounturi=${hashed('example.test')}; policy=wildcard`,
      {},
      true,
    ],
    [
      'the hash of the name below is refused',
      'example.test',
      `ra.test; accounturi=${hashed(APP)}; policy=wildcard`,
      {},
      false,
    ],
  ] as const)('%s', async (_, at, record, overrides, granted) => {
    const { result } = await judged({ [at]: [record] }, overrides);
    expect(result.ok).toBe(granted);
  });

  it('a record of a parent name counts even if the name’s own record refuses or its lookup fails', async () => {
    expect((await judged({ [APP]: ['ra.test'], 'example.test': [WIDE] })).result.ok).toBe(true);
    expect((await judged({ [APP]: { rcode: 2 }, 'example.test': [WIDE] })).result.ok).toBe(true);
  });

  it('parent names are queried only if the name has no record, and at most sixteen of them', async () => {
    const { dns } = await judged({ [APP]: [GOOD] });
    expect(dns.questions).toEqual([`TXT _validation-persist.${APP}`]);
    const deep = { identifier: { type: 'dns', value: `${'a.'.repeat(60)}test` } } as const;
    const asked = new Set((await judged({}, deep)).dns.questions);
    expect(asked.size).toBe(17);
  });

  it('a missing policy=wildcard is reported with the record to write', async () => {
    expect(failure((await judged({}, wildcard)).result).detail).toContain(`"${GOOD}; policy=wildcard"`);
    expect(failure((await judged({ 'example.test': [GOOD] }, wildcard)).result)).toMatchObject({
      type: 'unauthorized',
      detail: expect.stringContaining('policy=wildcard'),
    });
  });
});

describe('a proof by dns-persist-01 may be reused', () => {
  it.each([
    ['for the TTL of the record', 3600, '', HOUR],
    ['for no longer than the setting', 7 * 86_400, '', 24 * HOUR],
    ['for at least a minute, to finalize its order', 0, '', 60_000],
    ['for a minute if the highest bit of the TTL is set (RFC 2181 §8)', 0x80000000, '', 60_000],
    ['until persistUntil (-02)', 3600, `; persistUntil=${SECONDS + 600}`, 600_000],
    ['until persistUntil, even if that is less than a minute', 0, `; persistUntil=${SECONDS + 5}`, 5_000],
  ])('%s', async (_, ttl, more, lasting) => {
    const { result } = await judged({ [APP]: { records: [{ txt: [GOOD + more] }], ttl } });
    expect(result).toMatchObject({ ok: true, until: NOW + lasting });
  });
});

it('account hashes match the test vectors of -02 §10.2', () => {
  const of = (domain: string) =>
    accountHash(domain, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', 'https://ca.example/acct/123');
  expect(of('example.com')).toBe('5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw');
  expect(of('*')).toBe('NpDnSwUthQK8zCgFdefYxAdAVPnygMLbs9US6oO-5ug');
});

it('the record to write is printed as a zone file line', () => {
  expect(persistRecord({ issuer: 'ra.test', accountUri: ACCOUNT, wildcard: false })).toBe(GOOD);
});
