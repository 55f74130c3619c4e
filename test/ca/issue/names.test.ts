import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { namesFor, namesOfRequest } from '../../../src/ca/issue/names.js';
import { loadProfiles, type Profile } from '../../../src/ca/issue/profiles.js';
import { readRequest } from '../../../src/ca/issue/requests.js';
import { TaskError } from '../../../src/channel/errors.js';
import { requestPem } from '../../support/requests.js';

let server: Profile;
let user: Profile;
beforeAll(async () => {
  const profiles = await loadProfiles(null);
  server = profiles.get('server') as Profile;
  user = profiles.get('user') as Profile;
});

const sans = (...values: [string, string][]) => values.map(([type, value]) => ({ type, value }));

describe('names of a certificate', () => {
  it('of a TLS server have its common name among them, normalised, each once (RFC 9525 §2)', () => {
    expect(
      namesFor(
        server,
        'WWW.Example.test',
        sans(['DNS', 'www.example.TEST'], ['IP', '2001:DB8::0:1'], ['IP', '2001:db8::1']),
      ),
    ).toEqual({
      commonName: 'www.example.test',
      names: [
        { type: 'dns', value: 'www.example.test' },
        { type: 'ip', value: '2001:db8::1' },
      ],
    });
  });

  it('leave a common name longer than 64 out of the subject (RFC 5280 ub-common-name)', () => {
    const long = `${'a'.repeat(60)}.example.test`;
    expect(namesFor(server, long, [])).toEqual({ commonName: null, names: [{ type: 'dns', value: long }] });
    expect(() => namesFor(user, 'x'.repeat(65), [])).toThrow(/longer than 64/);
  });

  it('of people may be any text with the contract’s characters', () => {
    expect(namesFor(user, 'Ada Lovelace', sans(['EMAIL', 'ada@example.test']))).toEqual({
      commonName: 'Ada Lovelace',
      names: [{ type: 'email', value: 'ada@example.test' }],
    });
    expect(() => namesFor(user, 'bad\u0000', [])).toThrow(/contains invalid characters/);
  });

  it.each([
    ['DNS', 'exa mple.test'],
    ['DNS', '*.*.example.test'],
    ['DNS', 'a.*.test'],
    ['DNS', '*'],
    ['DNS', 'example.test.'],
    ['DNS', '-a.test'],
    ['DNS', '1.2.3.4'],
    ['DNS', 'a..test'],
    ['DNS', 'e\u0301.test'],
    ['DNS', 'a\u00adb.test'],
    ['DNS', 'a.test\n'],
    ['IP', '256.1.1.1'],
    ['IP', 'fe80::1%eth0'],
    ['EMAIL', 'nobody'],
    ['EMAIL', 'a@b@c'],
    ['URI', 'relative/path'],
    ['URI', 'https://exa mple.test'],
  ])('are refused when they are not what they say: %s %s', (type, value) => {
    expect(() => namesFor(server, 'a.test', sans([type, value]))).toThrow(TaskError);
  });

  it('stay in the domain of their profile', () => {
    const inside = { ...server, domain: 'corp.test' };
    expect(
      namesFor(inside, 'a.corp.test', sans(['DNS', '*.corp.test'], ['EMAIL', 'x@corp.test'])).names,
    ).toHaveLength(3);
    for (const outside of [
      ['DNS', 'corp.test.evil.test'],
      ['DNS', 'xcorp.test'],
      ['IP', '192.0.2.1'],
      ['EMAIL', 'x@evil.test'],
    ]) {
      expect(() => namesFor(inside, 'a.corp.test', sans(outside as [string, string]))).toThrow(
        /not in the domain/,
      );
    }
    expect(() => namesFor(inside, 'evil.test', [])).toThrow(/not in the domain/);
  });

  it('of a profile without alternative names are only the common name', () => {
    const bare = { ...user, altnames: false };
    expect(namesFor(bare, 'Ada', []).names).toEqual([]);
    expect(() => namesFor(bare, 'Ada', sans(['EMAIL', 'ada@example.test']))).toThrow(
      /no subject alternative names/,
    );
  });

  it('come from the first name of a CSR without a common name; a CSR without names has none', () => {
    expect(
      namesOfRequest(server, readRequest(requestPem(['a.test', 'b.test'], { cn: null }))).commonName,
    ).toBe('a.test');
    expect(() => namesOfRequest(server, readRequest(requestPem([])))).toThrow('CSR has no Common Name');
  });

  it('are found or refused by TaskError for any text', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('DNS', 'IP', 'EMAIL', 'URI'),
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.domain(),
          fc.ipV4(),
          fc.ipV6(),
          fc.webUrl(),
          fc.emailAddress(),
        ),
        fc.oneof(fc.string({ unit: 'binary' }), fc.domain()),
        (type, value, cn) => {
          try {
            const { names } = namesFor(server, cn, sans([type, value]));
            expect(names.length).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(TaskError);
          }
        },
      ),
    );
  });
});
