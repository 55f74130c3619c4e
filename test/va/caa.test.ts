import { describe, expect, it } from 'vitest';
import { type CaaMode, forbidden } from '../../src/va/caa.js';
import { createValidator } from '../../src/va/validator.js';
import type { ZoneRecord } from '../../tools/kit/dns-zone.js';
import { DIGEST, dnsZone, failure, request, validate } from './world.js';

const caa = (tag: string, value: string, flags = 0): ZoneRecord => ({ caa: { tag, value, flags } });
const dns01 = { type: 'dns-01' } as const;

/** Validates dns-01 where the challenge itself is in order and only CAA decides. */
async function judged(
  sets: Record<string, ZoneRecord[] | { rcode: number }>,
  mode: CaaMode = 'lenient',
  wildcard = false,
) {
  const dns = await dnsZone({ 'TXT _acme-challenge.app.example.test': { records: [{ txt: [DIGEST] }] } });
  for (const [name, set] of Object.entries(sets))
    dns.set(`CAA ${name}`, Array.isArray(set) ? { records: set } : set);
  const result = await validate(
    dns,
    { ...dns01, wildcard },
    { caa: { mode, identities: ['pki.example.test'] } },
  );
  return { result, dns };
}

describe('RFC 8659 CAA', () => {
  it('no record set permits; every ancestor is looked at (§3)', async () => {
    const { result, dns } = await judged({});
    expect(result.ok).toBe(true);
    for (const name of ['app.example.test', 'example.test', 'test'])
      expect(dns.questions).toContain(`CAA ${name}`);
  });

  it('a set that names this authority permits', async () => {
    const { result } = await judged({
      'example.test': [caa('issue', 'other.test'), caa('issue', 'PKI.example.test')],
    });
    expect(result.ok).toBe(true);
  });

  it('a set that names others forbids, and trying again is of no use', async () => {
    const { result } = await judged({ 'example.test': [caa('issue', 'other.test')] });
    expect(failure(result)).toMatchObject({ type: 'caa', retryable: false });
    expect(failure(result).detail).toContain('CAA records of example.test');
  });

  it('the closest set counts alone (§3)', async () => {
    const { result } = await judged({
      'app.example.test': [caa('issue', 'pki.example.test')],
      'example.test': [caa('issue', ';')],
    });
    expect(result.ok).toBe(true);
  });

  it('an alias to a set is followed', async () => {
    const { result } = await judged({ 'app.example.test': [{ cname: 'policy.test' }, caa('issue', ';')] });
    expect(failure(result).type).toBe('caa');
  });

  it('the set of an ancestor is asked for once in five seconds, whichever names it is the ancestor of, and then again', async () => {
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

  it('a lookup that fails does not block when lenient, and does when strict', async () => {
    expect((await judged({ 'example.test': { rcode: 2 } })).result.ok).toBe(true);
    expect(failure((await judged({ 'example.test': { rcode: 2 } }, 'strict')).result).type).toBe('dns');
  });

  it('is not asked when off, nor for IP addresses', async () => {
    const { result, dns } = await judged({ 'example.test': [caa('issue', ';')] }, 'off');
    expect(result.ok).toBe(true);
    expect(dns.questions.some((question) => question.startsWith('CAA'))).toBe(false);
  });

  const challenge = {
    type: 'http-01',
    wildcard: false,
    accountUri: 'https://ra.test/acme/account/1',
  } as const;
  const record = (tag: string, value: string, critical = false) => ({ tag, value, critical });
  it.each([
    ['§4.2: an empty issuer forbids', [record('issue', ';')], challenge, true],
    [
      '§4.3: issuewild takes the place of issue for wildcards',
      [record('issue', 'us'), record('issuewild', ';')],
      { ...challenge, wildcard: true },
      true,
    ],
    ['§4.3: issuewild says nothing of other names', [record('issuewild', ';')], challenge, false],
    [
      '§4.3: issue holds for wildcards without issuewild',
      [record('issue', ';')],
      { ...challenge, wildcard: true },
      true,
    ],
    ['§4.4: iodef alone permits', [record('iodef', 'mailto:x@example.test')], challenge, false],
    [
      '§4.1: an unknown critical property forbids',
      [record('issue', 'us'), record('tbs', 'x', true)],
      challenge,
      true,
    ],
    ['§4.1: an unknown property that is not critical is passed over', [record('tbs', 'x')], challenge, false],
    [
      'RFC 8657 §3: another account',
      [record('issue', 'us; accounturi=https://ra.test/acme/account/2')],
      challenge,
      true,
    ],
    [
      'RFC 8657 §3: this account',
      [record('issue', 'us; accounturi=https://ra.test/acme/account/1')],
      challenge,
      false,
    ],
    ['RFC 8657 §4: another method', [record('issue', 'us;validationmethods=dns-01')], challenge, true],
    ['RFC 8657 §4: this method', [record('issue', 'us;validationmethods=dns-01,http-01')], challenge, false],
    ['a parameter that cannot be read', [record('issue', 'us; =')], challenge, true],
  ])('%s', (_, records, asked, isForbidden) => {
    expect(forbidden(records, asked, ['us']) !== null).toBe(isForbidden);
  });
});
