import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerError } from '../../src/x509/der-error.js';
import { dn, encodeName, formatDn, parseDn, parseName, sameDn } from '../../src/x509/name.js';

const alice = dn(['C', 'FR'], ['O', 'uPKI, Inc.'], ['CN', 'alice']);

describe('distinguished names (RFC 4514)', () => {
  it('are written most specific first, with special characters escaped (§2.4)', () => {
    expect(formatDn(alice)).toBe('CN=alice,O=uPKI\\, Inc.,C=FR');
    expect(formatDn(dn(['CN', ' #a+b"c;d<e>f\\ ']))).toBe('CN=\\ #a\\+b\\"c\\;d\\<e\\>f\\\\\\ ');
    expect(formatDn(dn(['CN', ' ']))).toBe('CN=\\ ');
  });

  it('are read in both forms that operators write', () => {
    expect(parseDn('CN=alice, O=uPKI\\, Inc.,C=FR')).toEqual(alice);
    expect(parseDn('/C=FR/O=uPKI, Inc./CN=alice')).toEqual(alice);
  });

  it('are read with hex pairs as octets of UTF-8 (§3)', () => {
    expect(parseDn('CN=Lu\\C4\\8Di\\C4\\87')).toEqual(dn(['CN', 'Lučić']));
  });

  it.each([
    '',
    'alice',
    '=x',
    'CN=',
    'XX=1',
    'CN=a,,O=b',
    '/alice',
    'CN=a\\'.repeat(2000),
  ])('are refused in the form %j', (text) => {
    expect(() => parseDn(text)).toThrow(DerError);
  });

  it('are compared by structure, with case and spaces folded (RFC 5280 §7.1)', () => {
    expect(sameDn(parseDn('cn=Alice,o=uPKI'), parseDn('/O=UPKI/CN=alice'))).toBe(true);
    expect(sameDn(parseDn('CN=alice  smith'), parseDn('CN= Alice Smith '))).toBe(true);
    expect(sameDn(parseDn('CN=alice,O=uPKI'), parseDn('O=uPKI,CN=alice'))).toBe(false);
    expect(sameDn(parseDn('CN=alice'), parseDn('O=alice'))).toBe(false);
    // A value that looks like two attributes is one.
    expect(sameDn(dn(['CN', 'alice,O=uPKI']), parseDn('CN=alice,O=uPKI'))).toBe(false);
  });

  const value = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => Buffer.from(text).toString() === text);
  const name = fc
    .array(fc.tuple(fc.constantFrom('CN', 'O', 'OU', 'L', 'ST', 'STREET', 'UID'), value), {
      minLength: 1,
      maxLength: 4,
    })
    .map((attributes) => dn(...(attributes as [string, string][])));

  it('survive encoding as DER and as RFC 4514 text', () => {
    fc.assert(
      fc.property(name, (original) => {
        expect(parseName(encodeName(original))).toEqual(original);
        expect(parseDn(formatDn(original))).toEqual(original);
      }),
      { numRuns: 500 },
    );
  });

  it('are read, or refused only with DerError', () => {
    const only = (read: () => unknown) => {
      try {
        read();
      } catch (error) {
        expect(error).toBeInstanceOf(DerError);
      }
    };
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => only(() => parseDn(text))),
      { numRuns: 2000 },
    );
    const bytes = encodeName(alice);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, octet) => {
        const mutated = Buffer.from(bytes);
        mutated[at] = octet;
        only(() => parseName(mutated));
      }),
      { numRuns: 2000 },
    );
  });
});
