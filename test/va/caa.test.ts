import { describe, expect, it, vi } from 'vitest';
import { type CaaMode, forbidden } from '../../src/va/caa.js';
import { createValidator } from '../../src/va/validator.js';
import { httpServer } from '../../tools/kit/challenge-servers.js';
import type { ZoneAnswer, ZoneRecord } from '../../tools/kit/dns-server.js';
import { closing, DIGEST, dnsZone, failure, KEY_AUTHORIZATION, request, validate } from './world.js';

const caa = (tag: string, value: string, flags = 0): ZoneRecord => ({ caa: { tag, value, flags } });
const dns01 = { type: 'dns-01' } as const;

/** Validates dns-01 where the challenge itself is in order and only CAA decides. */
async function judged(
  sets: Record<string, ZoneRecord[] | ZoneAnswer>,
  mode: CaaMode = 'lenient',
  wildcard = false,
) {
  const dns = await dnsZone({ 'TXT _acme-challenge.app.example.test': { records: [{ txt: [DIGEST] }] } });
  for (const [name, set] of Object.entries(sets))
    dns.set(`CAA ${name}`, Array.isArray(set) ? { records: set } : set);
  const result = await validate(
    dns,
    { ...dns01, wildcard },
    { caa: { mode, identities: ['pki.example.test'] }, timeout: 1_500 },
  );
  return { result, dns };
}

describe('RFC 8659 CAA', () => {
  it('a name without CAA records is permitted after every ancestor was queried (§3)', async () => {
    const { result, dns } = await judged({});
    expect(result.ok).toBe(true);
    for (const name of ['app.example.test', 'example.test', 'test'])
      expect(dns.questions).toContain(`CAA ${name}`);
  });

  it.each([
    'lenient',
    'strict',
  ] as const)('a record without a tag forbids, and hides no other: %s', async (mode) => {
    for (const set of [
      [caa('', '')],
      [caa('', ''), caa('issue', 'other.test')],
      [caa('', ''), caa('issue', 'pki.example.test')],
    ]) {
      expect(failure((await judged({ 'example.test': set }, mode)).result).type).toBe('caa');
    }
  });

  it('a record set that names this CA permits', async () => {
    const { result } = await judged({
      'example.test': [caa('issue', 'other.test'), caa('issue', 'PKI.example.test')],
    });
    expect(result.ok).toBe(true);
  });

  it('a record set that names other CAs forbids, and the failure is not retried', async () => {
    const { result } = await judged({ 'example.test': [caa('issue', 'other.test')] });
    expect(failure(result)).toMatchObject({ type: 'caa', retryable: false });
    expect(failure(result).detail).toContain('CAA records of example.test');
  });

  it('only the closest record set counts (§3)', async () => {
    const { result } = await judged({
      'app.example.test': [caa('issue', 'pki.example.test')],
      'example.test': [caa('issue', ';')],
    });
    expect(result.ok).toBe(true);
  });

  it('a CNAME to a record set is followed', async () => {
    const { result } = await judged({ 'app.example.test': [{ cname: 'policy.test' }, caa('issue', ';')] });
    expect(failure(result).type).toBe('caa');
  });

  it('the records of an ancestor are queried once in five seconds for all names below it', async () => {
    const dns = await dnsZone({ 'TXT _acme-challenge.app.example.test': { records: [{ txt: [DIGEST] }] } });
    let now = 0;
    const validator = createValidator({
      resolvers: [dns],
      caa: { mode: 'lenient', identities: ['pki.example.test'] },
      clock: () => now,
    });
    const asked = () => dns.questions.splice(0).filter((each) => each.startsWith('CAA'));
    expect((await validator.validate(request(dns01))).ok).toBe(true);
    expect(asked().sort()).toEqual(['CAA app.example.test', 'CAA example.test', 'CAA test']);
    now += 4_999;
    expect((await validator.validate(request(dns01))).ok).toBe(true);
    expect(asked()).toEqual(['CAA app.example.test']);
    dns.set('CAA example.test', { records: [caa('issue', ';')] });
    now += 1;
    expect(failure(await validator.validate(request(dns01))).type).toBe('caa');
    expect(asked()).toHaveLength(3);
  });

  const NEVER = [caa('issue', ';')];
  const unanswered: [string, ZoneAnswer][] = [
    ['SERVFAIL', { rcode: 2 }],
    ['REFUSED', { rcode: 5 }],
    ['NOTIMP', { rcode: 4 }],
    ['no answer', 'silence'],
    [
      'an answer that is truncated and silent over TCP',
      { records: NEVER, truncate: true, overTcp: 'silence' },
    ],
  ];
  it.each(unanswered)('in lenient mode %s for a name counts for that name only', async (_, answer) => {
    for (const failing of ['app.example.test', 'example.test', 'test']) {
      // The sets above and below the level that failed still bind.
      for (const set of ['app.example.test', 'example.test', 'test'].filter((each) => each !== failing)) {
        const { result } = await judged({ [failing]: answer, [set]: NEVER });
        expect(failure(result).type).toBe('caa');
      }
    }
    expect((await judged({ 'app.example.test': answer })).result.ok).toBe(true);
  });

  it.each(
    unanswered,
  )('in lenient mode %s for one name does not switch CAA off for the next', async (_, answer) => {
    const dns = await dnsZone({
      'TXT _acme-challenge.app.example.test': { records: [{ txt: [DIGEST] }] },
      'CAA broken.test': answer,
      'CAA example.test': { records: NEVER },
    });
    const validator = createValidator({
      resolvers: [dns],
      caa: { mode: 'lenient', identities: ['pki.example.test'] },
    });
    const broken = { ...dns01, identifier: { type: 'dns', value: 'broken.test' } } as const;
    await validator.validate(request(broken));
    expect(failure(await validator.validate(request(dns01))).type).toBe('caa');
    // Nor does the same name's own failure outlast it.
    dns.set('CAA broken.test', { records: NEVER });
    expect(failure(await validator.validate(request(broken))).type).toBe('caa');
  });

  it.each(unanswered)('in strict mode %s is no permission', async (_, answer) => {
    for (const name of ['app.example.test', 'example.test', 'test']) {
      const { result } = await judged({ [name]: answer }, 'strict');
      expect(failure(result)).toMatchObject({ type: 'dns', retryable: true });
    }
    // What is above the closest set is not asked for (§3).
    const allowed = [caa('issue', 'pki.example.test')];
    expect((await judged({ 'app.example.test': allowed, test: answer }, 'strict')).result.ok).toBe(true);
  });

  it.each([
    'lenient',
    'strict',
  ] as const)('in %s mode a truncated record set is read over TCP', async (mode) => {
    const { result } = await judged({ 'example.test': { records: NEVER, truncate: true } }, mode);
    expect(failure(result).type).toBe('caa');
  });

  it.each([
    'lenient',
    'strict',
  ] as const)('%s: wildcards, critical flags and parameters, from the wire', async (mode) => {
    const wild = [caa('issue', 'pki.example.test'), caa('issuewild', ';')];
    expect((await judged({ 'example.test': wild }, mode, false)).result.ok).toBe(true);
    expect(failure((await judged({ 'example.test': wild }, mode, true)).result).type).toBe('caa');
    const critical = (flags: number) => [caa('issue', 'pki.example.test'), caa('future', 'x', flags)];
    expect((await judged({ 'example.test': critical(0) }, mode)).result.ok).toBe(true);
    expect(failure((await judged({ 'example.test': critical(128) }, mode)).result).type).toBe('caa');
    const bound = (parameters: string) => [caa('issue', `pki.example.test; ${parameters}`)];
    const uri = 'accounturi=https://ra.example.test/acme/account/1';
    expect((await judged({ 'example.test': bound(uri) }, mode)).result.ok).toBe(true);
    expect((await judged({ 'example.test': bound('validationmethods=dns-01') }, mode)).result.ok).toBe(true);
    for (const other of [`${uri}0`, 'validationmethods=http-01', `${uri}; ${uri}`, 'accounturi=']) {
      expect(failure((await judged({ 'example.test': bound(other) }, mode)).result).type).toBe('caa');
    }
  });

  it('a lenient check waits for a silent DNS server only until the server is known to be silent', async () => {
    const dns = await dnsZone();
    for (const question of ['CAA box', 'NS ', '2 ', 'A box', 'AAAA box']) dns.set(question, 'silence');
    const web = closing(await httpServer((_, response) => response.end(KEY_AUTHORIZATION)));
    const validator = createValidator({
      ...{ httpPort: web.port, caa: { mode: 'lenient', identities: [] } },
      resolvers: [dns],
    });
    const ask = async () => {
      const started = performance.now();
      const identifier = { type: 'dns', value: 'box' } as const;
      await validator.checkCaa(request({ identifier }));
      return performance.now() - started;
    };
    expect(await ask()).toBeGreaterThan(900);
    await vi.waitFor(async () => expect(await ask()).toBeLessThan(200), { timeout: 5_000, interval: 200 });
    // It comes back: what it says counts.
    dns.set('CAA box', { records: NEVER });
    await vi.waitFor(
      async () => {
        const identifier = { type: 'dns', value: 'box' } as const;
        expect((await validator.checkCaa(request({ identifier })))?.type).toBe('caa');
      },
      { timeout: 5_000, interval: 200 },
    );
  });

  it('a failed lookup permits in lenient mode and forbids in strict mode', async () => {
    expect((await judged({ 'example.test': { rcode: 2 } })).result.ok).toBe(true);
    expect(failure((await judged({ 'example.test': { rcode: 2 } }, 'strict')).result).type).toBe('dns');
  });

  it('CAA is not queried in mode off, nor for IP addresses', async () => {
    const { result, dns } = await judged({ 'example.test': [caa('issue', ';')] }, 'off');
    expect(result.ok).toBe(true);
    expect(dns.questions.some((question) => question.startsWith('CAA'))).toBe(false);
  });

  const challenge = {
    type: 'http-01',
    wildcard: false,
    accountUris: ['https://ra.test/acme/account/1', 'https://old.test/acme/account/1'],
  } as const;
  const record = (tag: string, value: string, critical = false) => ({ tag, value, critical });
  it.each([
    ['an empty issuer forbids (§4.2)', [record('issue', ';')], challenge, true],
    [
      'issuewild replaces issue for wildcards (§4.3)',
      [record('issue', 'us'), record('issuewild', ';')],
      { ...challenge, wildcard: true },
      true,
    ],
    ['issuewild does not apply to other names (§4.3)', [record('issuewild', ';')], challenge, false],
    [
      'issue applies to wildcards if there is no issuewild (§4.3)',
      [record('issue', ';')],
      { ...challenge, wildcard: true },
      true,
    ],
    ['iodef alone permits (§4.4)', [record('iodef', 'mailto:x@example.test')], challenge, false],
    [
      'an unknown critical property forbids (§4.1)',
      [record('issue', 'us'), record('tbs', 'x', true)],
      challenge,
      true,
    ],
    ['an unknown property that is not critical is ignored (§4.1)', [record('tbs', 'x')], challenge, false],
    [
      'accounturi with another account forbids (RFC 8657 §3)',
      [record('issue', 'us; accounturi=https://ra.test/acme/account/2')],
      challenge,
      true,
    ],
    [
      'accounturi with this account permits (RFC 8657 §3)',
      [record('issue', 'us; accounturi=https://ra.test/acme/account/1')],
      challenge,
      false,
    ],
    [
      'accounturi with the URL the account had before the RA was renamed permits (RFC 8657 §3)',
      [record('issue', 'us; accounturi=https://old.test/acme/account/1')],
      challenge,
      false,
    ],
    [
      'validationmethods without this method forbids (RFC 8657 §4)',
      [record('issue', 'us;validationmethods=dns-01')],
      challenge,
      true,
    ],
    [
      'validationmethods with this method permits (RFC 8657 §4)',
      [record('issue', 'us;validationmethods=dns-01,http-01')],
      challenge,
      false,
    ],
    ['a parameter with a syntax error forbids', [record('issue', 'us; =')], challenge, true],
  ])('%s', (_, records, asked, isForbidden) => {
    expect(forbidden(records, asked, ['us']) !== null).toBe(isForbidden);
  });
});
