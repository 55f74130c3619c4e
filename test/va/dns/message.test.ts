import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DnsError, encodeQuery, parseMessage } from '../../../src/va/dns/message.js';

const hex = (text: string) => Buffer.from(text.replace(/\s+/g, ''), 'hex');
const QUESTION = '016103636f6d00 0001 0001';
const header = (answers: number, flags = '8180') => `1234 ${flags} 0001 000${answers} 0000 0000`;

describe('RFC 1035 §4 DNS messages', () => {
  it('a query has one recursive question with EDNS0', () => {
    expect(encodeQuery(0x1234, 'a.com', 'A').toString('hex')).toBe(
      hex(`1234 0100 0001 0000 0000 0001 ${QUESTION} 00 0029 04d0 00000000 0000`).toString('hex'),
    );
  });

  it.each([
    'a..b',
    `${'a'.repeat(64)}.com`,
    'abc.'.repeat(70),
  ])('a query for the name %j is refused', (name) => {
    expect(() => encodeQuery(1, name, 'A')).toThrow(DnsError);
  });

  it('compressed names are read (§4.1.4)', () => {
    const message = parseMessage(
      hex(`${header(2)} ${QUESTION}
      c00c 0005 0001 00000000 0004 0162 c00e
      0162 c00e 0001 0001 00000000 0004 7f000001`),
    );
    expect(message.answers).toEqual([
      { type: 'CNAME', name: 'a.com', target: 'b.com' },
      { type: 'A', name: 'b.com', address: '127.0.0.1' },
    ]);
  });

  it.each([
    ['a pointer to itself', `${header(1)} ${QUESTION} c017 0001 0001 00000000 0004 7f000001`],
    ['a pointer forward', `${header(1)} ${QUESTION} c0ff 0001 0001 00000000 0004 7f000001`],
    ['pointers in a circle', `${header(1)} ${QUESTION} 0161 c017 0001 0001 00000000 0004 7f000001`],
    ['a record longer than the message', `${header(1)} ${QUESTION} c00c 0001 0001 00000000 00ff 7f000001`],
    ['fewer records than promised', `${header(2)} ${QUESTION} c00c 0001 0001 00000000 0004 7f000001`],
    ['an A record of 3 octets', `${header(1)} ${QUESTION} c00c 0001 0001 00000000 0003 7f0000`],
    ['a TXT string longer than its record', `${header(1)} ${QUESTION} c00c 0010 0001 00000000 0002 0561`],
    ['a label of an unknown kind', `${header(1)} ${QUESTION} 8161 0001 0001 00000000 0004 7f000001`],
    ['a query in place of a response', `${header(0, '0100')} ${QUESTION}`],
    ['nothing', ''],
  ])('a message with %s is refused', (_, bytes) => {
    expect(() => parseMessage(hex(bytes))).toThrow(DnsError);
  });

  it.each([
    ['0002 0000', 'a tag of no length'],
    ['0001 00', 'no length of its tag'],
    ['0000', 'no octets'],
    ['0003 003261', 'a tag longer than the record'],
  ])('a CAA record of %s (%s) is a critical property without a tag', (data) => {
    const [answer] = parseMessage(hex(`${header(1)} ${QUESTION} c00c 0101 0001 00000000 ${data}`)).answers;
    expect(answer).toMatchObject({ type: 'CAA', critical: true, tag: '', value: '' });
  });

  it('arbitrary and mutated messages cause no error but DnsError', () => {
    const good = hex(`${header(3)} ${QUESTION}
      c00c 0005 0001 00000000 0004 0162 c00e
      0162 c00e 0010 0001 00000000 0006 0161 03626364
      c00c 0101 0001 00000000 000a 00 05 6973737565 613b62`);
    expect(parseMessage(good).answers).toHaveLength(3);
    const arbitrary = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    const mutated = fc
      .array(fc.record({ at: fc.nat(good.length - 1), value: fc.nat(255) }), { minLength: 1, maxLength: 5 })
      .map((mutations) => {
        const bytes = Buffer.from(good);
        for (const { at, value } of mutations) bytes[at] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(arbitrary, mutated), (bytes) => {
        try {
          parseMessage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DnsError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
