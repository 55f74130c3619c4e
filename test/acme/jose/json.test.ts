import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIJson } from '../../../src/acme/jose/json.js';
import { Problem } from '../../../src/model/problem.js';

const read = (text: string) => parseIJson(Buffer.from(text), 'the text');
const refusal = (bytes: string | Uint8Array): Problem => {
  try {
    parseIJson(Buffer.from(bytes as string), 'the text');
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('accepted');
};

describe('reading JSON (RFC 8259, RFC 7493)', () => {
  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        expect(read(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('agrees with JSON.parse on any text it accepts, and refuses what JSON.parse refuses', () => {
    const pieces = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"a"',
        '"b"',
        '1',
        '-',
        '0',
        '.5',
        'e3',
        'true',
        'null',
        ' ',
        '\\',
        '"',
        '\n',
      ],
      ...['\\u00e9', '"\\n"', 'x', '\t', '\u00a0', '"\u0001"'],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let ours: unknown;
        try {
          ours = read(text);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
          return;
        }
        expect(ours).toEqual(JSON.parse(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('throws nothing but a malformed Problem, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          parseIJson(bytes, 'the text');
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
          expect((error as Problem).type).toBe('malformed');
        }
      }),
    );
  });

  it.each([
    ['a duplicate member', '{"a":1,"a":2}', /"a" appears twice/],
    ['a duplicate written with an escape', '{"a":1,"\\u0061":2}', /twice/],
    ['something after the value', '{} {}', /follows/],
    ['half a surrogate pair', '"\\ud800"', /half a character/],
    ['a control character', '"\u0000"', /control/],
    ['a string that does not end', '"abc', /not closed/],
    ['an unknown escape', '"\\x41"', /escape/],
    ['a byte order mark', '\ufeff{}', /expected/],
    ['nothing at all', '', /expected/],
    ['a leading zero', '[01]', /expected/],
    ['a trailing comma', '{"a":1,}', /name is expected/],
  ])('refuses %s', (_, text, why) => {
    expect(refusal(text).detail).toMatch(why);
  });

  it('refuses bytes that are not UTF-8', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ]) {
      expect(refusal(Uint8Array.from(bytes)).detail).toMatch(/not UTF-8/);
    }
  });

  it('refuses nesting beyond its limit without exhausting the stack', () => {
    expect(refusal('['.repeat(60_000)).detail).toMatch(/nested deeper/);
    expect(refusal('{"a":'.repeat(10_000)).detail).toMatch(/nested deeper/);
    expect(read('[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]')).toBeDefined();
  });

  it('reads "__proto__" as a member like any other', () => {
    const value = read('{"__proto__":{"admin":true}}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value.admin).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});
