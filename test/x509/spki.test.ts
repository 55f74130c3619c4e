import { type createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bitString, integerFromHex, nullValue, oid, sequence } from '../../src/x509/der-writer.js';
import { OID } from '../../src/x509/oids.js';
import { roca, smallFactor, withinFermatReach } from '../../src/x509/rsa-weakness.js';
import { isJwkOf, KeyError, keyIdentifier, parsePublicJwk, parsePublicKey } from '../../src/x509/spki.js';

const spkiOf = (key: ReturnType<typeof createPublicKey>) => key.export({ type: 'spki', format: 'der' });
const even = (hex: string) => (hex.length % 2 === 1 ? `0${hex}` : hex);
const rsa = (modulus: bigint, exponent = 65537n) =>
  sequence(
    sequence(oid(OID.rsaEncryption), nullValue()),
    bitString(
      sequence(integerFromHex(even(modulus.toString(16))), integerFromHex(even(exponent.toString(16)))),
    ),
  );
const strong = BigInt(
  `0x${Buffer.from(
    (generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }) as { n: string })
      .n,
    'base64url',
  ).toString('hex')}`,
);

describe('public keys to certify (RFC 5280 §4.1.2.7)', () => {
  it.each([
    [
      'P-256',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
      { type: 'ec', curve: 'P-256', bits: 256 },
    ],
    [
      'P-384',
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey,
      { type: 'ec', curve: 'P-384', bits: 384 },
    ],
    [
      'P-521',
      generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey,
      { type: 'ec', curve: 'P-521', bits: 521 },
    ],
    ['Ed25519', generateKeyPairSync('ed25519').publicKey, { type: 'ed25519', bits: 256 }],
    ['RSA 3072', generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey, { type: 'rsa', bits: 3072 }],
  ])('%s is read identically from SPKI and JWK', (_, key, expected) => {
    const spki = spkiOf(key);
    expect(parsePublicKey(spki)).toMatchObject(expected);
    expect(parsePublicJwk(key.export({ format: 'jwk' })).spki.equals(spki)).toBe(true);
    expect(keyIdentifier(spki)).toHaveLength(20);
    expect(spkiOf(parsePublicKey(spki).key).equals(spki)).toBe(true);
  });

  it.each([
    ['EC', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey],
    ['Ed25519', () => generateKeyPairSync('ed25519').publicKey],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
  ])('an %s key is identified by its JWK, whatever further members the JWK has (RFC 7638 §3.2)', (_, make) => {
    const [one, other] = [make(), make()];
    const key = parsePublicKey(spkiOf(one));
    expect(isJwkOf(key, { ...one.export({ format: 'jwk' }), kid: 'x', use: 'sig' })).toBe(true);
    expect(isJwkOf(key, other.export({ format: 'jwk' }))).toBe(false);
  });

  it.each([64, 66])('a P-256 point of %i octets is refused (RFC 5480 §2.2)', (octets) => {
    const point = Buffer.alloc(octets, 4);
    const spki = sequence(sequence(oid(OID.ecPublicKey), oid(OID.prime256v1)), bitString(point));
    expect(() => parsePublicKey(spki)).toThrow(KeyError);
  });

  it.each([
    ['RSA of 2040 bits', rsa(strong >> 8n), /2040 bits/],
    ['RSA of 8200 bits', rsa((1n << 8199n) + 1n), /8200 bits/],
    ['an even exponent', rsa(strong, 65536n), /exponent/],
    ['exponent 3', rsa(strong, 3n), /exponent/],
    ['an exponent of 300 bits', rsa(strong, (1n << 299n) + 1n), /exponent/],
    ['an even modulus', rsa(strong - 1n), /divisible by 2/],
    ['a modulus divisible by 3', rsa(3n * ((1n << 2046n) + 1n)), /divisible by/],
    ['secp256k1', spkiOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey), /curve/],
    ['X25519', spkiOf(generateKeyPairSync('x25519').publicKey), /type/],
    [
      'DSA',
      spkiOf(generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).publicKey),
      /type/,
    ],
    ['an empty SPKI', Buffer.alloc(0), /missing/],
  ])('%s is refused', (_, spki, message) => {
    expect(() => parsePublicKey(spki)).toThrow(message);
  });

  it('a point that is not on its curve is refused', () => {
    const spki = Buffer.from(spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey));
    spki[spki.length - 1] = (spki[spki.length - 1] ?? 0) ^ 1;
    expect(() => parsePublicKey(spki)).toThrow(KeyError);
    const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
      format: 'jwk',
    }) as JsonWebKey;
    const y = Buffer.from(jwk.y ?? '', 'base64url');
    y[31] = (y[31] ?? 0) ^ 1;
    expect(() => parsePublicJwk({ ...jwk, y: y.toString('base64url') })).toThrow(KeyError);
  });

  it('a private or secret JWK is refused', () => {
    const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
    expect(() => parsePublicJwk(jwk)).toThrow(/private/);
    expect(() => parsePublicJwk({ kty: 'oct', k: 'AAAA' })).toThrow(KeyError);
    const { n, e, p } = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      format: 'jwk',
    });
    expect(() => parsePublicJwk({ kty: 'RSA', n, e, p } as JsonWebKey)).toThrow(/private/);
  });
});

describe('weak RSA moduli are found', () => {
  it('a well-made modulus has no weakness', () => {
    expect(smallFactor(strong)).toBeNull();
    expect(roca(strong)).toBe(false);
    expect(withinFermatReach(strong)).toBe(false);
  });

  it('a modulus whose primes are powers of 65537 modulo the small primes is weak (ROCA, CVE-2017-15361)', () => {
    expect(roca(65537n ** 3n * 65537n ** 5n)).toBe(true);
  });

  it('a modulus whose primes are too close together is weak (Fermat)', () => {
    const prime = (1n << 521n) - 1n;
    expect(withinFermatReach(prime * (prime + 2000n))).toBe(true);
    expect(smallFactor(751n * prime)).toBe(751);
  });
});
