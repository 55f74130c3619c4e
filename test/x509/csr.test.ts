import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signerFor } from '../../src/x509/algorithms.js';
import { createCsr as encodeCsr, parseCsr } from '../../src/x509/csr.js';
import { DerError } from '../../src/x509/der-error.js';
import { dn } from '../../src/x509/name.js';
import { createCsr, der } from '../../tools/kit/csr.js';

const BASIC_CONSTRAINTS_CA = der(
  0x30,
  der(0x06, Buffer.from('551d13', 'hex')),
  der(0x01, Buffer.from([0xff])),
  der(0x04, der(0x30, der(0x01, Buffer.from([0xff])))),
);

describe('the reader of certification requests (RFC 2986)', () => {
  it.each([
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
    ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey],
    ['RSA 2048', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey],
  ])('reads a %s request of an independent encoder', (_, key) => {
    const csr = parseCsr(
      createCsr(['a.example.com', '192.0.2.1', '2001:db8::1'], { key, commonName: 'a.example.com' }).der,
    );
    expect(csr.commonName).toBe('a.example.com');
    expect(csr.names).toEqual([
      { type: 'dns', value: 'a.example.com' },
      { type: 'ip', value: '192.0.2.1' },
      { type: 'ip', value: '2001:db8::1' },
    ]);
    expect(csr.asksForCa).toBe(false);
  });

  it('reads requests of our own encoder', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const subject = dn(['O', 'uPKI'], ['CN', 'ra.test']);
    const names = [{ type: 'dns' as const, value: 'ra.test' }];
    const csr = parseCsr(encodeCsr({ subject, names, spki, signer: signerFor(privateKey) }));
    expect(csr).toMatchObject({ subject, names, commonName: 'ra.test' });
    expect(csr.publicKey.spki.equals(spki)).toBe(true);
  });

  it('reports a request for a CA certificate (RFC 5280 §4.2.1.9)', () => {
    expect(parseCsr(createCsr(['a.test'], { extensions: [BASIC_CONSTRAINTS_CA] }).der).asksForCa).toBe(true);
  });

  it('refuses a signature by another key than the one in the request', () => {
    const bytes = Buffer.from(createCsr(['a.test']).der);
    const at = bytes.length - 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect(() => parseCsr(bytes)).toThrow(/signature/);
  });

  it('refuses a truncated request and one with trailing octets', () => {
    const { der: bytes } = createCsr(['a.test']);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => parseCsr(bytes.subarray(0, length))).toThrow(DerError);
    }
    expect(() => parseCsr(Buffer.concat([bytes, Buffer.from([0])]))).toThrow(/after its end/);
  });

  it('refuses an RSA key of 1024 bits', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    expect(() => parseCsr(createCsr(['a.test'], { key: privateKey }).der)).toThrow(/1024 bits/);
  });

  it('throws nothing but DerError for mutated requests', () => {
    const { der: bytes } = createCsr(['a.example.com', '*.example.com', '192.0.2.1'], {
      commonName: 'a.example.com',
    });
    const mutation = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.nat(bytes.length),
        (mutations, length) => {
          const mutated = Buffer.from(bytes.subarray(0, Math.max(length, bytes.length - 3)));
          for (const { at, value } of mutations) if (at < mutated.length) mutated[at] = value;
          try {
            parseCsr(mutated);
          } catch (error) {
            expect(error).toBeInstanceOf(DerError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('throws nothing but DerError for arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => parseCsr(bytes)).toThrow(DerError);
      }),
      { numRuns: 2000 },
    );
  });
});
