import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ariCertificateId } from '../../src/x509/ari.js';
import { DerError } from '../../src/x509/der-error.js';
import { DerReader } from '../../src/x509/der-reader.js';
import { integer, namedBits, oid, sequence, time } from '../../src/x509/der-writer.js';
import { parseGeneralNames } from '../../src/x509/general-names.js';
import { ipFromBytes, ipToBytes } from '../../src/x509/ip-address.js';
import { firstFromPem, fromPem, toPem } from '../../src/x509/pem.js';

const hex = (text: string) => Buffer.from(text, 'hex');
const reader = (text: string) => new DerReader(hex(text), 'it');

describe('the DER codec (X.690)', () => {
  it.each([
    ['an indefinite length', '3080020101 0000'],
    ['a length not in shortest form', '308103020101'],
    ['a length of five octets', '308500000000 03020101'],
    ['an element longer than what holds it', '3004020101'],
    ['a multi-byte tag', '1f8101 00'],
    ['a lone tag', '30'],
  ])('refuses %s', (_, text) => {
    expect(() => reader(text.replaceAll(' ', '')).next()).toThrow(DerError);
  });

  it.each([
    ['an empty integer', '0200'],
    ['an integer with a needless zero', '02020001'],
    ['a negative integer', '0201ff'],
  ])('refuses %s', (_, text) => {
    expect(() => reader(text).unsignedHex('n')).toThrow(DerError);
  });

  it('reads and writes integers of any size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 200n }), (value) => {
        const read = new DerReader(integer(value), 'n').unsignedHex('n');
        expect(BigInt(`0x${read}`)).toBe(value);
        expect(read.length % 2).toBe(0);
      }),
    );
  });

  it('reads and writes object identifiers', () => {
    const arc = fc.nat(2 ** 31 - 1);
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 2),
        fc.nat(39),
        fc.array(arc, { maxLength: 8 }),
        (first, second, rest) => {
          const dotted = [first, second, ...rest].join('.');
          expect(new DerReader(oid(dotted), 'oid').oid('oid')).toBe(dotted);
        },
      ),
    );
  });

  it('writes named bits without trailing zeros (§11.2.2)', () => {
    expect(namedBits([5, 6]).toString('hex')).toBe('03020106');
    expect(namedBits([0]).toString('hex')).toBe('03020780');
    expect(namedBits([]).toString('hex')).toBe('030100');
    expect(new DerReader(namedBits([0, 8]), 'bits').namedBits('bits')).toEqual([0, 8]);
  });

  it('writes UTCTime through 2049, then GeneralizedTime (RFC 5280 §4.1.2.5)', () => {
    for (const [iso, tag] of [
      ['2049-12-31T23:59:59Z', 0x17],
      ['2050-01-01T00:00:00Z', 0x18],
      ['1999-05-06T07:08:09Z', 0x17],
    ] as const) {
      const encoded = time(Date.parse(iso));
      expect(encoded[0]).toBe(tag);
      expect(new DerReader(encoded, 'time').time('time')).toBe(Date.parse(iso));
    }
    expect(() => new DerReader(Buffer.from('\x17\x0b2601010000Z', 'latin1'), 'time').time('time')).toThrow(
      DerError,
    );
  });

  it('writes and reads length headers of every size', () => {
    for (const size of [0, 127, 128, 255, 256, 65535, 65536, 70000]) {
      const inner = new DerReader(sequence(Buffer.alloc(size)), 'it').sequence('it');
      expect(inner.done).toBe(size === 0);
    }
  });
});

describe('the PEM codec (RFC 7468)', () => {
  it('writes and reads several blocks, with text between them', () => {
    const pem = `Subject: x\n${toPem('CERTIFICATE', hex('3000'))}\n${toPem('CERTIFICATE', Buffer.alloc(100, 7))}`;
    expect(fromPem('CERTIFICATE', pem)).toEqual([hex('3000'), Buffer.alloc(100, 7)]);
    expect(Math.max(...pem.split('\n').map((line) => line.length))).toBe(64);
  });
  it.each([
    '',
    '-----BEGIN CERTIFICATE-----\nMAA',
    '-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----',
    '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----',
  ])('refuses %j', (pem) => {
    expect(() => firstFromPem('CERTIFICATE', pem)).toThrow(DerError);
  });
});

describe('general names (RFC 5280 §4.2.1.6)', () => {
  it('write and read addresses in canonical text', () => {
    for (const text of ['192.0.2.1', '2001:db8::1', '::1', '::'])
      expect(ipFromBytes(ipToBytes(text))).toBe(text);
    expect(() => ipToBytes('fe80::1%eth0')).toThrow(DerError);
    expect(() => ipFromBytes(Buffer.alloc(5))).toThrow(DerError);
  });
  it('refuse an address constraint (8 octets) as a name', () => {
    expect(() => parseGeneralNames(hex('300a87080a000000ff000000'))).toThrow(DerError);
  });
  it('cause no error but DerError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          parseGeneralNames(sequence(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(DerError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('certificate identifiers (RFC 9773 §4.1)', () => {
  it('match the RFC’s own example', () => {
    // §4.1: keyIdentifier 69:88:5B:6B:87:46:40:41:E1:B3:7B:84:7B:A0:AE:2C:DE:01:C8:D4, serial 00:87:65:43:21
    expect(ariCertificateId('69885b6b87464041e1b37b847ba0ae2cde01c8d4', '87654321')).toBe(
      'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE',
    );
  });
});
