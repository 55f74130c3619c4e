import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonError, MAX_DEPTH, parseExactJson, stringifyJson } from '../../src/lib/json.js';

const read = (text: string) => parseExactJson(Buffer.from(text), 'the text');

describe('exact JSON (RFC 7493, with integers of any size)', () => {
  it('reads and writes 160-bit integers without loss', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 160n), max: 1n << 160n }), (n) => {
        const [value] = read(`[${n}]`) as (number | bigint)[];
        expect(BigInt(value ?? -1)).toBe(n);
        expect(stringifyJson({ serial: n })).toBe(`{"serial":${n}}`);
      }),
    );
  });

  it('reads a safe integer as a number and the first unsafe one as a bigint', () => {
    expect(read('[9007199254740991,9007199254740992]')).toEqual([9007199254740991, 9007199254740992n]);
  });

  it('agrees with JSON.parse on every valid document', () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 5 }).filter((json) => !/\d{16}/.test(json)),
        fc.nat(3),
        (text, indent) => {
          const spaced = JSON.stringify(JSON.parse(text), null, indent);
          expect(read(spaced)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('accepts and refuses the same texts as JSON.parse, but for members of one name', () => {
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
          expected = JSON.parse(text);
        } catch {}
        let actual: unknown;
        try {
          actual = read(text);
        } catch (error) {
          // JSON.parse takes the last of several members of one name.
          if ((error as Error).message.includes('appears twice')) return;
          actual = (error as Error).constructor;
        }
        expect(actual).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('throws nothing but JsonError, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          read(text);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonError);
        }
      }),
    );
  });

  it('refuses nesting beyond the limit and never overflows', () => {
    const nested = (depth: number) => `[12345678901234567890,${'['.repeat(depth)}${']'.repeat(depth)}]`;
    expect(() => read(nested(MAX_DEPTH))).not.toThrow();
    expect(() => read(nested(MAX_DEPTH + 1))).toThrow(JsonError);
    expect(() => read(nested(200_000))).toThrow(JsonError);
  });

  it('reads megabytes of quotes and backslashes within a second', () => {
    const text = (unit: string) => `["${unit.repeat(500_000)}"]`;
    const started = performance.now();
    for (const unit of ['\\\\', '\\"', 'x', '\\n']) expect(() => read(text(unit))).not.toThrow();
    expect(() => read(text('\\').slice(0, -2))).toThrow(JsonError);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('refuses integers of absurd length instead of converting them', () => {
    expect(() => read(`[${'9'.repeat(100_000)}]`)).toThrow(JsonError);
  });

  it('keeps a member named __proto__ as data', () => {
    const object = read('{"__proto__":{"polluted":1},"n":12345678901234567890}');
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

  it('escapes in strings and names what JSON.stringify escapes, whatever character it is and wherever it is', () => {
    const units = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
    for (const unit of units) {
      for (const text of [unit, `${unit}a`, `a${unit}`])
        if (stringifyJson(text) !== JSON.stringify(text)) expect.fail(`U+${unit.charCodeAt(0).toString(16)}`);
    }
    for (const unit of units.slice(0, 0x100)) {
      expect(stringifyJson({ [unit]: unit })).toBe(JSON.stringify({ [unit]: unit }));
    }
  });
});
