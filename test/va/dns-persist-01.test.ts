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

describe('draft-ietf-acme-dns-persist dns-persist-01', () => {
  it.each([
    ['the account by its URL (-01)', GOOD],
    ['another of the issuer names', `ca.example; accounturi=${ACCOUNT}`],
    ['the issuer in any letters', `RA.Test; accounturi=${ACCOUNT}`],
    ['no spaces', `ra.test;accounturi=${ACCOUNT}`],
    ['spaces and tabs where the grammar has them', ` ra.test \t;\t AccountURI = ${ACCOUNT} `],
    ['parameters nobody knows', `ra.test; x=1; accounturi=${ACCOUNT}; tbs=https://x/?y=z`],
    ['a policy nobody knows, as none', `${GOOD}; policy=everything`],
    ['an end to come', `${GOOD}; persistUntil=${SECONDS + 60}`],
    ['an end at this very second', `${GOOD}; persistUntil=${SECONDS}`],
    ['the URL the account had under a former name of the RA', `ra.test; accounturi=${FORMER}`],
    ['a hashed account URI (-02)', `ra.test; accounturi=${hashed(APP)}`],
    ['a hashed account URI of every name (-02)', `ra.test; accounturi=${hashed('*')}`],
    ['a hash of a former URL', `ra.test; accounturi=${hashed(APP, FORMER)}`],
    ['more than one string', `${GOOD}; note=${'x'.repeat(600)}`],
  ])('%s', async (_, record) => {
    const { result } = await judged({ [APP]: [record] });
    expect(result).toMatchObject({ ok: true });
  });

  it.each([
    ['no record', [], 'unauthorized', `expected "${GOOD}"`],
    ["another authority's", [`other.test; accounturi=${ACCOUNT}`], 'unauthorized', 'no TXT record of this'],
    ['an issuer that begins alike', [`ra.test.evil; accounturi=${ACCOUNT}`], 'unauthorized', ''],
    ['no account', ['ra.test'], 'malformed', 'no accounturi'],
    ['an empty account', ['ra.test; accounturi='], 'malformed', 'no accounturi'],
    ['another account', [`ra.test; accounturi=${ACCOUNT}0`], 'unauthorized', 'another account'],
    ['the account in other letters', [`ra.test; accounturi=${ACCOUNT.toUpperCase()}`], 'unauthorized', ''],
    [
      'a stranger whose account has our number',
      ['ra.test; accounturi=https://evil.test/acme/account/1'],
      'unauthorized',
      '',
    ],
    ['a parameter twice', [`${GOOD}; accounturi=${ACCOUNT}`], 'malformed', 'twice'],
    ['an unknown parameter twice', [`${GOOD}; x=1; X=2`], 'malformed', 'twice'],
    ['not the grammar', [`${GOOD} policy=wildcard`], 'malformed', 'issue-value'],
    ['a semicolon too many', [`${GOOD};`], 'malformed', 'issue-value'],
    ['an end that is no number', [`${GOOD}; persistUntil=2030-01-01`], 'malformed', 'persistUntil'],
    ['an end that is a fraction', [`${GOOD}; persistUntil=${SECONDS + 60}.5`], 'malformed', 'persistUntil'],
    ['an end that is empty', [`${GOOD}; persistUntil=`], 'malformed', 'persistUntil'],
    ['an end in hex', [`${GOOD}; persistUntil=0xffffffff`], 'malformed', 'persistUntil'],
    ['an end that is past', [`${GOOD}; persistUntil=${SECONDS - 1}`], 'unauthorized', 'expired'],
    ['an end before 1970', [`${GOOD}; persistUntil=-1`], 'unauthorized', 'expired'],
    ['a hash of another name', [`ra.test; accounturi=${hashed('www.example.test')}`], 'unauthorized', ''],
    [
      'a hash with another key',
      [`ra.test; accounturi=${hashed(APP, ACCOUNT, 'x'.repeat(43))}`],
      'unauthorized',
      '',
    ],
  ])('%s is refused', async (_, records, type, words) => {
    const { result } = await judged({ [APP]: records });
    const { detail, ...rest } = failure(result);
    expect(rest).toMatchObject({ type });
    expect(detail).toContain(words);
    expect(detail).toContain(`_validation-persist.${APP}`);
  });

  it("any record suffices, whatever others say; another authority's are passed over", async () => {
    const { result } = await judged({ [APP]: ['other.test; ;;', 'v=spf1 -all', 'ra.test', GOOD] });
    expect(result.ok).toBe(true);
  });

  it('an IP address is malformed', async () => {
    const identifier = { type: 'ip', value: '192.0.2.1' } as const;
    expect(failure((await judged({}, { identifier })).result).type).toBe('malformed');
  });

  it('a server that fails is a dns error, to be tried again', async () => {
    const { result } = await judged({ [APP]: { rcode: 2 } });
    expect(failure(result)).toMatchObject({ type: 'dns', retryable: true });
  });

  it('CNAMEs are followed', async () => {
    const { result } = await judged({ [APP]: { records: [{ cname: 'x.test' }, { txt: [GOOD] }] } });
    expect(result.ok).toBe(true);
  });

  it('where it is not offered any more, what was offered before is refused', async () => {
    const dns = await dnsZone({ [`TXT _validation-persist.${APP}`]: { records: [{ txt: [GOOD] }] } });
    expect(failure(await validate(dns, { type: 'dns-persist-01' })).detail).toMatch(/not offered/);
  });
});

describe('policy=wildcard', () => {
  const WIDE = `${GOOD}; policy=WildCard`;
  it.each([
    ['a wildcard', 'example.test', WIDE, wildcard, true],
    ['a wildcard without it', 'example.test', GOOD, wildcard, false],
    ['a wildcard by another policy', 'example.test', `${GOOD}; policy=wildcards`, wildcard, false],
    ['the name itself', APP, WIDE, {}, true],
    ['a name below', 'example.test', WIDE, {}, true],
    ['a name below without it', 'example.test', GOOD, {}, false],
    ['a name far below', 'test', WIDE, {}, true],
    [
      'a wildcard below',
      'example.test',
      WIDE,
      { identifier: { type: 'dns', value: 'dept.example.test' }, wildcard: true },
      true,
    ],
    ['a name beside', 'www.example.test', WIDE, {}, false],
    ['a name below it only', `x.${APP}`, WIDE, {}, false],
    [
      'a name that only ends alike',
      'example.test',
      WIDE,
      { identifier: { type: 'dns', value: 'anexample.test' } },
      false,
    ],
    [
      'the hash of the name above',
      'example.test',
      `ra.test; accounturi=${hashed('example.test')}; policy=wildcard`,
      {},
      true,
    ],
    [
      'the hash of the name below',
      'example.test',
      `ra.test; accounturi=${hashed(APP)}; policy=wildcard`,
      {},
      false,
    ],
  ] as const)('%s', async (_, at, record, overrides, granted) => {
    const { result } = await judged({ [at]: [record] }, overrides);
    expect(result.ok).toBe(granted);
  });

  it('the record of a name above counts though the one of the name refuses or cannot be had', async () => {
    expect((await judged({ [APP]: ['ra.test'], 'example.test': [WIDE] })).result.ok).toBe(true);
    expect((await judged({ [APP]: { rcode: 2 }, 'example.test': [WIDE] })).result.ok).toBe(true);
  });

  it('names above are not asked where the name has its record; and never more than sixteen', async () => {
    const { dns } = await judged({ [APP]: [GOOD] });
    expect(dns.questions).toEqual([`TXT _validation-persist.${APP}`]);
    const deep = { identifier: { type: 'dns', value: `${'a.'.repeat(60)}test` } } as const;
    const asked = new Set((await judged({}, deep)).dns.questions);
    expect(asked.size).toBe(17);
  });

  it('a wildcard that is missing is told, with the line to write', async () => {
    expect(failure((await judged({}, wildcard)).result).detail).toContain(`"${GOOD}; policy=wildcard"`);
    expect(failure((await judged({ 'example.test': [GOOD] }, wildcard)).result)).toMatchObject({
      type: 'unauthorized',
      detail: expect.stringContaining('policy=wildcard'),
    });
  });
});

describe('how long it may be relied on', () => {
  it.each([
    ['the TTL of the record', 3600, '', HOUR],
    ['not longer than the setting', 7 * 86_400, '', 24 * HOUR],
    ['a minute at least, to finalize the order it was asked for', 0, '', 60_000],
    ['a TTL with the highest bit is none (RFC 2181 §8)', 0x80000000, '', 60_000],
    ['to persistUntil (-02)', 3600, `; persistUntil=${SECONDS + 600}`, 600_000],
    ['to persistUntil even within the minute', 0, `; persistUntil=${SECONDS + 5}`, 5_000],
  ])('%s', async (_, ttl, more, lasting) => {
    const { result } = await judged({ [APP]: { records: [{ txt: [GOOD + more] }], ttl } });
    expect(result).toMatchObject({ ok: true, until: NOW + lasting });
  });
});

it('the vectors of -02 §10.2', () => {
  const of = (domain: string) =>
    accountHash(domain, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', 'https://ca.example/acct/123');
  expect(of('example.com')).toBe('5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw');
  expect(of('*')).toBe('NpDnSwUthQK8zCgFdefYxAdAVPnygMLbs9US6oO-5ug');
});

it('the line to write', () => {
  expect(persistRecord({ issuer: 'ra.test', accountUri: ACCOUNT, wildcard: false })).toBe(GOOD);
});
