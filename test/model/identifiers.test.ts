import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIdentifiers } from '../../src/model/identifiers.js';
import { Problem } from '../../src/model/problem.js';

const dns = (value: string) => ({ type: 'dns', value });
const ip = (value: string) => ({ type: 'ip', value });
const parse = (...items: unknown[]) => parseIdentifiers(items, 100);
const refusal = (...items: unknown[]): Problem => {
  try {
    parse(...items);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('was accepted');
};

describe('RFC 8555 §7.1.3 dns identifiers', () => {
  it.each([
    ['lower-cases', 'WWW.Example.COM', 'www.example.com'],
    ['keeps a wildcard', '*.Example.com', '*.example.com'],
    ['takes single-label private names', 'nas', 'nas'],
    ['turns U-labels into A-labels (RFC 5891)', 'bücher.example', 'xn--bcher-kva.example'],
    ['takes A-labels as they are', 'XN--bcher-kva.example', 'xn--bcher-kva.example'],
    ['reads a U-label in capitals as in small letters', 'BÜCHER.example', 'xn--bcher-kva.example'],
    ['keeps the sharp s apart from ss (UTS #46, not transitional)', 'faß.example', 'xn--fa-hia.example'],
    ['takes a wildcard below a U-label', '*.bücher.example', '*.xn--bcher-kva.example'],
    ['takes a name of another script', '例え.テスト', 'xn--r8jz45g.xn--zckzah'],
    ['takes a name written from right to left', 'مثال.إختبار', 'xn--mgbh0fb.xn--kgbechtv'],
  ])('%s', (_, given, expected) => {
    expect(parse(dns(given))).toEqual([dns(expected)]);
  });

  it('merges duplicates after normalising, first seen first', () => {
    expect(parse(dns('b.test'), dns('a.test'), dns('B.TEST'))).toEqual([dns('b.test'), dns('a.test')]);
  });

  it.each([
    ['a trailing dot', 'example.com.'],
    ['an empty name', ''],
    ['an empty label', 'a..example.com'],
    ['a label of 64 characters', `${'a'.repeat(64)}.example.com`],
    ['a name of 254 characters', `${'a.'.repeat(126)}ab`],
    ['a leading hyphen', '-a.example.com'],
    ['an underscore', 'a_b.example.com'],
    ['a space', 'a b.example.com'],
    ['a NUL', 'a\0.example.com'],
    ['a newline at the end', 'a.test\n'],
    ['a newline within', 'a\n.test'],
    ['a carriage return', 'a.test\r\n'],
    ['a tab', '\ta.test'],
    ['a blank at the end', 'a.test '],
    ['a delete character', 'a\x7f.test'],
    ['a soft hyphen, which UTS #46 drops', 'ex\u00adample.test'],
    ['a zero width space, which it drops', 'ex\u200bample.test'],
    ['a byte order mark, which it drops', '\ufeffexample.test'],
    ['a variation selector, which it drops', 'a\ufe0f.test'],
    ['a zero width joiner out of place', 'a\u200db.test'],
    ['fullwidth letters, which it maps', 'ｅxample.test'],
    ['a ligature, which it maps', 'ﬁle.test'],
    ['the Kelvin sign, which it maps', '\u212a.test'],
    ['a decomposed letter, which it composes', 'bu\u0308cher.test'],
    ['an ideographic full stop, which it maps to a dot', 'a。test'],
    ['a percent-encoded letter, which a URL parser decodes', '%61.test'],
    ['a percent-encoded U-label', 'b%C3%BCcher.test'],
    ['an at sign, which a URL parser cuts at', 'a@b.test'],
    ['a question mark', 'a.test?x'],
    ['a fragment', 'a.test#x'],
    ['a backslash', 'a.test\\x'],
    ['a U-label of a URL parser’s cut', 'bücher.test/x'],
    ['a lone surrogate', 'a\ud800.test'],
    ['a combining mark at the start of a label', '\u0301a.test'],
    ['a label of both directions', 'aא.test'],
    ['hyphens in the third and fourth place (RFC 5890 R-LDH)', 'ab--cd.test'],
    ['an A-label that decodes to what has a shorter form', 'xn--abc-.test'],
    ['an A-label of a letter that is mapped', 'xn--1a.test'],
    ['an A-label too long once encoded', `${'ü'.repeat(60)}.test`],
    ['an address in brackets', '[::1]'],
    ['a port', 'example.com:80'],
    ['a path', 'example.com/x'],
    ['an address', '192.0.2.1'],
    ['an IPv6 address', '2001:db8::1'],
    ['something the URL rules read as an address', '0x7f.1'],
    ['a numeric last label', 'example.1'],
    ['a wildcard inside', 'a.*.example.com'],
    ['a partial wildcard', 'a*.example.com'],
    ['a double wildcard', '*.*.example.com'],
    ['a lone star', '*'],
    ['broken punycode', 'xn--\u0080.example'],
    ['undecodable A-label', 'xn--a-\u00e4.example'],
    ['a fullwidth dot hiding a label', 'a．b.example'],
  ])('refuses %s as malformed', (_, given) => {
    expect(refusal(dns(given)).type).toBe('malformed');
  });

  it('refuses a wildcard for a whole top-level name as rejectedIdentifier', () => {
    expect(refusal(dns('*.internal')).type).toBe('rejectedIdentifier');
  });
});

describe('RFC 8738 §2 ip identifiers', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:c000:0207', '192.0.2.7'],
    ['::192.0.2.7', '::c000:207'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['::', '::'],
  ])('reads %s as %s', (given, expected) => {
    expect(parse(ip(given))).toEqual([ip(expected)]);
  });

  it.each([
    'example.com',
    '192.0.2.7\n',
    '192.0.2.7 ',
    '192.0.2.7\u0000',
    '１92.0.2.7',
    '0xc0.0.2.7',
    '3221225991',
    '2001:db8::1\t',
    '2001:db8::1%25eth0',
    '::ffff:192.0.2',
    '1::2::3',
    '192.0.2',
    '192.0.2.256',
    '010.0.0.1',
    'fe80::1%eth0',
    '[::1]',
    '192.0.2.0/24',
    '',
  ])('refuses %j as malformed', (given) => {
    expect(refusal(ip(given)).type).toBe('malformed');
  });
});

describe('the identifiers member', () => {
  it.each([[undefined], [null], ['a.test'], [{}], [[]]])('refuses %j as malformed', (value) => {
    expect(() => parseIdentifiers(value, 100)).toThrow(Problem);
  });

  it('refuses more than the limit', () => {
    expect(() => parseIdentifiers([dns('a.test'), dns('b.test')], 1)).toThrow(/at most 1/);
  });

  it('§7.4: an unknown type is unsupportedIdentifier and is named', () => {
    const problem = refusal({ type: 'email', value: 'a@b.test' });
    expect(problem.type).toBe('unsupportedIdentifier');
    const { identifier, subproblems } = problem.toDocument();
    expect(identifier).toBeUndefined();
    expect(subproblems).toMatchObject([{ identifier: { type: 'email', value: 'a@b.test' } }]);
  });

  it('§6.7.1: several bad identifiers give a subproblem each, of their own types', () => {
    const document = refusal(
      dns('ok.test'),
      dns('bad..test'),
      { type: 'email', value: 'x' },
      dns('*.lan'),
    ).toDocument();
    expect(document.type).toBe('urn:ietf:params:acme:error:compound');
    expect(document.subproblems?.map((each) => each.type.split(':').at(-1))).toEqual([
      'malformed',
      'unsupportedIdentifier',
      'rejectedIdentifier',
    ]);
    expect(document.subproblems?.every((each) => each.identifier)).toBe(true);
  });

  it('throws only a Problem, and accepts an accepted value again unchanged', () => {
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.domain(),
      fc.ipV4(),
      fc.ipV6(),
      fc.jsonValue(),
    );
    const type = fc.oneof(fc.constant('dns'), fc.constant('ip'), fc.jsonValue());
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.record({ type, value }), fc.jsonValue()), { maxLength: 5 }),
        (items) => {
          try {
            const accepted = parseIdentifiers(items, 100);
            expect(parseIdentifiers(accepted, 100)).toEqual(accepted);
          } catch (error) {
            expect(error).toBeInstanceOf(Problem);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
