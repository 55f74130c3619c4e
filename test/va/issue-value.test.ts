import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIssueValue } from '../../src/va/issue-value.js';

describe('RFC 8659 §4.2 issue-value', () => {
  it.each([
    ['ca.example', 'ca.example', []],
    ['', '', []],
    [';', '', []],
    [' \tCA.Example \t; ', 'ca.example', []],
    ['ca.example;a=1', 'ca.example', [['a', '1']]],
    [
      'ca.example ; AccountURI = https://x/y?a=b ;\tpolicy=',
      'ca.example',
      [
        ['accounturi', 'https://x/y?a=b'],
        ['policy', ''],
      ],
    ],
    [
      'ca.example; a=1; a=2',
      'ca.example',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['xn--nicode-example-9jb.com', 'xn--nicode-example-9jb.com', []],
  ])('the issue-value "%s" is read', (text, issuer, parameters) => {
    expect(parseIssueValue(text)).toEqual({
      issuer,
      parameters: parameters.map(([tag, value]) => ({ tag, value })),
    });
  });

  it.each([
    'ca..example',
    'ca.example.',
    '-ca.example',
    'ca example',
    'ca.example; a',
    'ca.example; =',
    'ca.example; a=b c',
    'ca.example; a_b=c',
    'ca.example; -a=c',
    'ca.example; a=b;',
    'ca.example;; a=b',
    'ca.example; a=\u00e9',
    'ca.example\u00a0; a=b',
    'ca.example\n',
  ])('%j is not an issue-value', (text) => {
    expect(parseIssueValue(text)).toBeNull();
  });

  it('an issue-value that was read can be written and read again, and no text makes the parser throw', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-z.]{1,9}(; ?[a-z-]{1,5}=[a-z;= ]{0,5}){0,3}$/));
    fc.assert(
      fc.property(text, (value) => {
        const read = parseIssueValue(value);
        if (read === null) return;
        const again = [read.issuer, ...read.parameters.map(({ tag, value: v }) => `${tag}=${v}`)].join(';');
        expect(parseIssueValue(again)).toEqual(read);
      }),
    );
  });

  it('an issue-value is read in linear time', () => {
    const started = performance.now();
    for (const part of ['-', 'a-', ' ', ';', 'a=', '.', 'a.']) parseIssueValue(part.repeat(65_535));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
