import { describe, expect, it } from 'vitest';
import { CHALLENGE_TYPES, type Identifier } from '../../src/model/facts.js';
import { Problem } from '../../src/model/problem.js';
import { challengeTypes, chooseProfile, requestedValidity } from '../../src/ra/policy.js';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-24T00:00:00Z');
const dns = (value: string): Identifier => ({ type: 'dns', value });
const ip = (value: string): Identifier => ({ type: 'ip', value });
const server = { name: 'server', description: 'TLS servers', maxValidity: 60 * DAY };

describe('which challenges can prove an identifier', () => {
  it('RFC 8555 §7.1.3: a wildcard is offered dns-01 only', () => {
    expect(challengeTypes(dns('*.example.com'))).toEqual(['dns-01']);
  });
  it('RFC 8738 §7: an IP address is offered http-01 and tls-alpn-01', () => {
    expect(challengeTypes(ip('192.0.2.1'))).toEqual(['http-01', 'tls-alpn-01']);
  });
  it('the challenges of drafts only where they are offered; a wildcard by those in DNS', () => {
    expect(challengeTypes(dns('*.example.com'), CHALLENGE_TYPES)).toEqual([
      'dns-01',
      'dns-account-01',
      'dns-persist-01',
    ]);
    expect(challengeTypes(ip('192.0.2.1'), CHALLENGE_TYPES)).toEqual(['http-01', 'tls-alpn-01']);
  });
  it('a plain name is offered all three', () => {
    expect(challengeTypes(dns('example.com'))).toEqual(['http-01', 'dns-01', 'tls-alpn-01']);
  });
});

describe('profiles', () => {
  it('an order without one gets the default', () => {
    expect(chooseProfile(undefined, [server], 'server')).toBe(server);
  });
  it('an unknown one is invalidProfile and those on offer are named', () => {
    expect(() => chooseProfile('nope', [server], 'server')).toThrow(/invalidProfile.*server/);
  });
});

describe('RFC 8555 §7.4 notBefore and notAfter', () => {
  const at = (days: number) => new Date(NOW + days * DAY).toISOString();
  it('absent ones are left to the CA', () => {
    expect(requestedValidity({}, server, NOW)).toEqual({ notBefore: null, notAfter: null });
  });
  it('are whole seconds within the profile', () => {
    const asked = { notBefore: '2026-11-25T00:00:00.900Z', notAfter: '2026-12-01T01:00:00+01:00' };
    expect(requestedValidity(asked, server, NOW)).toEqual({
      notBefore: Date.parse('2026-11-25T00:00:00Z'),
      notAfter: Date.parse('2026-12-01T00:00:00Z'),
    });
  });
  it.each([
    [{ notBefore: 'tomorrow' }],
    [{ notBefore: 17 }],
    [{ notAfter: '2026-13-01T00:00:00Z' }],
    [{ notBefore: at(-1) }],
    [{ notBefore: at(61) }],
    [{ notAfter: at(-1) }],
    [{ notAfter: at(61) }],
    [{ notBefore: at(2), notAfter: at(1) }],
    [{ notAfter: '2027-02-30T00:00:00Z' }],
    [{ notAfter: '2026-12-32T00:00:00Z' }],
    [{ notAfter: '2026-13-01T00:00:00Z' }],
    [{ notAfter: '2026-00-10T00:00:00Z' }],
    [{ notAfter: '2026-12-00T00:00:00Z' }],
    [{ notAfter: '2026-12-10T24:00:00Z' }],
    [{ notAfter: '2026-12-10T12:60:00Z' }],
    [{ notAfter: '2026-12-10T12:00:60Z' }],
    [{ notAfter: '2026-12-10T12:00:00+24:00' }],
    [{ notAfter: '2026-12-10T12:00:00+01:60' }],
    [{ notAfter: '2026-12-10T12:00:00Z\n' }],
    [{ notAfter: '2026-12-10 12:00:00Z' }],
    [{ notAfter: '2026-12-10' }],
    [{ notAfter: 1_796_000_000 }],
  ])('%j is malformed', (asked) => {
    expect(() => requestedValidity(asked, server, NOW)).toThrow(Problem);
  });
});
