import { describe, expect, it } from 'vitest';
import { complaints, load } from './harness.js';

describe('a wrong value is refused with its name, the value and the allowed values:', () => {
  it.each([
    ['UPKI_RA_PORT', '80a', 'a port from 0 to 65535'],
    ['UPKI_RA_PORT', '65536', 'a port from 0 to 65535'],
    ['UPKI_RA_PORT', '-1', 'a port from 0 to 65535'],
    ['UPKI_RA_TLS', 'maybe', 'true or false'],
    ['UPKI_ZMQ_MODE', 'Curve', 'curve or clear'],
    ['UPKI_LOG_LEVEL', 'loud', 'one of trace, debug'],
    ['UPKI_RA_CHALLENGE_HOLD', '250', 'a duration from 0ms to 10s'],
    ['UPKI_RA_CHALLENGE_HOLD', '11s', 'a duration from 0ms to 10s'],
    ['UPKI_RA_URL', 'http://pki.example', 'an https URL without path'],
    ['UPKI_RA_URL', 'https://pki.example/acme', 'it has a path'],
    ['UPKI_RA_URL', 'https://me:secret@pki.example', 'it holds a user or password'],
    ['UPKI_RA_URL', 'pki.example', 'it is not a URL'],
    ['UPKI_VA_RESOLVERS', '10.0.0.1,dns.example:53', '"dns.example:53" is not an IP address'],
    ['UPKI_VA_RESOLVERS', '10.0.0.1:0', 'is not an IP address'],
    ['UPKI_VA_RESOLVERS', '[::1', 'is not an IP address'],
    ['UPKI_VA_DENY', '10.0.0.0/33', '"10.0.0.0/33" is not a CIDR'],
    ['UPKI_VA_DENY', 'example.com', 'is not a CIDR'],
    ['UPKI_RA_TRUSTED_PROXIES', 'proxy.example', '"proxy.example" is not NAME@CIDR'],
    ['UPKI_RA_TRUSTED_PROXIES', '@10.0.0.0/8', 'is not NAME@CIDR'],
    ['UPKI_RA_TRUSTED_PROXIES', 'a@10.0.0.0/33', 'is not NAME@CIDR'],
    ['UPKI_RA_PROXY_HEADER', 'X-Client-Cert', 'Client-Cert or X-SSL-CLIENT-CERT'],
    ['UPKI_RA_SANS', 'ok.example, not ok', '"not ok" is not a host name'],
    ['UPKI_CA_HOST', 'ca1,ca 2', '"ca 2" is not a host name'],
    ['UPKI_CA_HOST', 'ca1:0', '"ca1:0" is not a host name'],
    ['UPKI_CA_HOST', '[ca1]:5000', 'is not a host name'],
    ['UPKI_RA_CN', 'a..b', 'a DNS name'],
    ['UPKI_RA_CN', '10.0.0.1', 'a DNS name'],
    ['UPKI_RA_TERMS_CHANGED', '2026-13-01', 'a date or time'],
  ])('%s=%s', (name, value, allowed) => {
    const [complaint, ...others] = complaints({ env: { [name]: value } });
    expect(others).toEqual([]);
    expect(complaint).toContain(`${name} is "${value}"`);
    expect(complaint).toContain(allowed);
  });

  it('all of them at once, so that one start reports every fault', () => {
    expect(complaints({ env: { UPKI_RA_PORT: 'x', UPKI_RA_TLS: 'x' } })).toHaveLength(2);
  });
  it('a file that is no configuration', () => {
    expect(complaints({ file: 'f', files: { f: '{"port": ' } })[0]).toMatch(/^f cannot be read/);
    expect(complaints({ file: 'f', files: { f: '[1]' } })[0]).toBe('f must hold names and values');
    expect(complaints({ file: 'f', files: { f: '{"port": {}}' } })[0]).toMatch(/^port in f must be a text/);
  });
  it('a value in a file, by the name it has there', () => {
    expect(complaints({ file: 'f', files: { f: 'port: x' } })[0]).toContain('port in f is "x"');
  });
});

describe('what a person writes is understood:', () => {
  it.each([
    ['yes', true],
    ['1', true],
    ['ON', true],
    ['no', false],
    ['0', false],
    ['False', false],
  ])('boolean %s', (value, meant) => {
    expect(load({ env: { UPKI_RA_TLS: value } }).settings.raTls).toBe(meant);
  });
  it.each([
    ['0ms', 0],
    ['1s', 1000],
    ['250ms', 250],
  ])('duration %s', (value, meant) => {
    expect(load({ env: { UPKI_RA_CHALLENGE_HOLD: value } }).settings.challengeHold).toBe(meant);
  });
  it('resolvers with and without port, in both families', () => {
    const env = { UPKI_VA_RESOLVERS: '10.0.0.53, 10.0.0.54:5353, fd00::53, [fd00::54]:5353,' };
    expect(load({ env }).settings.resolvers).toEqual([
      { host: '10.0.0.53', port: 53 },
      { host: '10.0.0.54', port: 5353 },
      { host: 'fd00::53', port: 53 },
      { host: 'fd00::54', port: 5353 },
    ]);
  });
  it('names in any case, stored in lower case', () => {
    expect(load({ env: { UPKI_RA_SANS: 'PKI.Example,10.0.0.1' } }).settings.raSans).toEqual([
      'pki.example',
      '10.0.0.1',
    ]);
  });
  it('a list of a file', () => {
    const files = { f: 'sans: [a.example, b.example]' };
    expect(load({ file: 'f', files }).settings.raSans).toEqual(['a.example', 'b.example']);
  });
});
