import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globMatches, namePattern, searchKeys } from '../../../../src/store/rows/ca/search-keys.js';

const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', 'é', '😀', '1', ':'), maxLength: 300 });
const glob = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 20 });

const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));

test('a name that a pattern matches has a key in the pattern’s range', () => {
  fc.assert(
    fc.property(text, glob, (value, asked) => {
      const pattern = namePattern(asked);
      if (!pattern.matches(value) || value.length > 255 || value === '') return;
      const keys = searchKeys({ cn: value, identifiers: [] });
      expect(keys.some((key) => byBytes(key, pattern.from) >= 0 && byBytes(key, pattern.to) <= 0)).toBe(true);
    }),
  );
});

test('a glob matches the same names as its regular expression', () => {
  fc.assert(
    fc.property(glob, fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 }), (asked, value) => {
      const source = asked.replaceAll('.', '\\.').replaceAll('?', '.').replace(/\*+/g, '.*');
      expect(globMatches(asked, value)).toBe(new RegExp(`^${source}$`).test(value));
    }),
  );
});

test('a glob with many stars is matched quickly, even against a hostile name', () => {
  const before = performance.now();
  expect(globMatches(`${'*a'.repeat(120)}b`, 'a'.repeat(255))).toBe(false);
  expect(performance.now() - before).toBeLessThan(100);
});

test('no search key exceeds the size limit of a PostgreSQL index', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 2_000 }), (value) => {
      for (const key of searchKeys({ cn: value, identifiers: [] })) {
        expect(Buffer.byteLength(key)).toBeLessThan(2_600);
      }
    }),
  );
});
