import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SETTING_LIST } from '../../src/config/settings/index.js';

describe.each(SETTING_LIST.map(([, setting]) => [setting.env, setting] as const))('%s', (_, setting) => {
  it('reads any text as a value or refuses it with a RangeError', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.ipV4(), fc.ipV6(), fc.domain()),
        (value) => {
          try {
            setting.type.parse(value);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('has a default that its own rules allow', () => {
    const { type, default: value } = setting;
    if (value === null || value === undefined) return expect(value).toBeNull();
    expect(type.parse(type.format(value))).toEqual(value);
  });

  it('is explained in one or more whole sentences', () => {
    expect(setting.doc).toMatch(/^[`A-Z0-9].*\.$/u);
  });
});
