import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostNameError, readHostName } from '../../src/x509/host-name.js';
import { hostAddress, ipFromBytes, ipToBytes } from '../../src/x509/ip-address.js';
import { canonicalByUrl } from '../support/url-address.js';

describe('a host name', () => {
  it('is read in linear time to a canonical form, or refused only with HostNameError', () => {
    const label = fc.oneof(fc.string({ unit: 'binary', maxLength: 70 }), fc.domain(), fc.constant('xn--'));
    fc.assert(
      fc.property(fc.array(label, { maxLength: 5 }), (labels) => {
        const text = labels.join('.');
        try {
          const name = readHostName(text);
          expect(name).toMatch(/^(\*\.)?[a-z0-9.-]+$/);
          expect(readHostName(name)).toBe(name);
        } catch (error) {
          expect(error).toBeInstanceOf(HostNameError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('of any size is read or refused at once', () => {
    const started = performance.now();
    for (const text of ['ü'.repeat(1_000_000), 'xn--'.repeat(250), 'ü.'.repeat(500), 'א'.repeat(1000)]) {
      expect(() => readHostName(text)).toThrow(HostNameError);
    }
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('the text of an IP address (RFC 5952)', () => {
  it('is the same as another implementation’s, from each spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(16), (random, zeros) => {
        const octets = Buffer.from(random).fill(0, 4, Math.max(4, zeros));
        const long = (octets.toString('hex').match(/.{4}/g) ?? []).join(':');
        expect(ipFromBytes(octets)).toBe(canonicalByUrl(long));
        expect(ipToBytes(ipFromBytes(octets)).equals(octets)).toBe(true);
        expect(ipToBytes(long.toUpperCase()).equals(octets)).toBe(true);
      }),
    );
  });

  it('is the IPv4 address for an IPv4-mapped address, and for no other', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(hostAddress(address)).toBe(address);
        expect(hostAddress(`::ffff:${address}`)).toBe(address);
        expect(hostAddress(`0:0:0:0:0:FFFF:${address}`)).toBe(address);
        expect(hostAddress(`64:ff9b::${address}`)).toContain(':');
      }),
    );
  });
});
