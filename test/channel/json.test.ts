import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonError, MAX_DEPTH, parseJson, stringifyJson } from '../../src/channel/json.js';

/** A text that makes the exact reader run instead of the built-in one. */
const withBig = (json: string) => `[12345678901234567890,${json}]`;

describe('exact JSON (RFC 8259)', () => {
  it('reads and writes 160-bit integers without loss', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 160n), max: 1n << 160n }), (n) => {
        const [read] = parseJson(`[${n}]`) as (number | bigint)[];
        expect(BigInt(read ?? -1)).toBe(n);
        expect(stringifyJson({ serial: n })).toBe(`{"serial":${n}}`);
      }),
    );
  });

  it('reads a safe integer as a number and the first unsafe one as a bigint', () => {
    expect(parseJson('[9007199254740991,9007199254740992]')).toEqual([9007199254740991, 9007199254740992n]);
  });

  it('agrees with JSON.parse on every valid document', () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 5 }).filter((json) => !/\d{16}/.test(json)),
        fc.nat(3),
        (text, indent) => {
          const spaced = JSON.stringify(JSON.parse(text), null, indent);
          expect(parseJson(withBig(spaced))).toEqual([12345678901234567890n, JSON.parse(text)]);
        },
      ),
    );
  });

  it('accepts and refuses the same texts as JSON.parse', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"\\u0041"',
      '"\\x"',
      '"',
      '\\',
      '0',
      '01',
      '-',
      '-1',
      '.5',
    ].concat([
      '1.',
      '1e5',
      '1E+2',
      'true',
      'tru',
      'null',
      ' ',
      '\n',
      '\t',
      '\u000b',
      '\u00a0',
      '"__proto__":1',
      'NaN',
    ]);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let expected: unknown = JsonError;
        try {
          expected = [12345678901234567890n, JSON.parse(text)];
        } catch {}
        let actual: unknown;
        try {
          actual = parseJson(withBig(text));
        } catch (error) {
          actual = (error as Error).constructor;
        }
        // Commas may join the text to the list around it; then JSON.parse judges the whole.
        if (expected === JsonError && actual !== JsonError) {
          expect(() => JSON.parse(withBig(text))).not.toThrow();
        } else expect(actual).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('throws nothing but JsonError, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, big) => {
        try {
          parseJson(big ? withBig(text) : text);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonError);
        }
      }),
    );
  });

  it.each([
    '',
    '1234567890123456789 ',
  ])('refuses nesting beyond the limit and never overflows (%j)', (prefix) => {
    const big = prefix === '' ? '' : `${prefix},`;
    const nested = (depth: number) => `[${big}${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}]`;
    expect(() => parseJson(nested(MAX_DEPTH))).not.toThrow();
    expect(() => parseJson(nested(MAX_DEPTH + 1))).toThrow(JsonError);
    expect(() => parseJson(nested(200_000))).toThrow(JsonError);
  });

  it('refuses integers of absurd length instead of converting them', () => {
    expect(() => parseJson(`[${'9'.repeat(100_000)}]`)).toThrow(JsonError);
  });

  it('keeps a member named __proto__ as data', () => {
    const object = parseJson('{"__proto__":{"polluted":1},"n":12345678901234567890}');
    expect(Object.hasOwn(object as object, '__proto__')).toBe(true);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('writes what JSON.stringify writes, when there is no bigint', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(stringifyJson(value)).toBe(JSON.stringify(value));
      }),
    );
  });
});
