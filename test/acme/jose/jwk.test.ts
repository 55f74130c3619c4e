import {
  checkPrimeSync,
  createHash,
  generateKeyPairSync,
  generatePrimeSync,
  type JsonWebKey,
} from 'node:crypto';
import fc from 'fast-check';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { requireGoodKey } from '../../../src/acme/jose/good-key.js';
import { parseJwk } from '../../../src/acme/jose/jwk.js';
import { Problem } from '../../../src/model/problem.js';
import { parseCompromisedKeys } from '../../../src/programs/ra/policy.js';
import { generateSigningKey, type KeyType } from '../../../tools/kit/jws-signer.js';

const RFC7638 = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29',
};

const ec = generateSigningKey('ES256').jwk;
const rsa = generateSigningKey('RS256').jwk;
const jwkOf = (type: 'rsa' | 'ec', options: object): JsonWebKey =>
  generateKeyPairSync(type as 'rsa', options as { modulusLength: number }).publicKey.export({
    format: 'jwk',
  });
const flip = (text: string | undefined) => {
  const bytes = Buffer.from(text ?? '', 'base64url');
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  return bytes.toString('base64url');
};
const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64url');

function refusal(value: unknown): Problem {
  try {
    parseJwk(value);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('account keys (RFC 7517, RFC 7518 §6, RFC 8555 §6.2)', () => {
  it("has RFC 7638's example thumbprint (§3.1), and keeps only the members it hashes", () => {
    const key = parseJwk(RFC7638);
    expect(key.thumbprint).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
    expect(Object.keys(key.jwk)).toEqual(['e', 'kty', 'n']);
  });

  it.each([
    'ES256',
    'ES384',
    'ES512',
    'RS256',
    'EdDSA',
  ] as KeyType[])('reads an %s key and computes the thumbprint jose computes (RFC 7638)', async (alg) => {
    const { jwk } = generateSigningKey(alg);
    const key = parseJwk(jwk);
    expect(key.algorithm).toBe(alg);
    expect(key.thumbprint).toBe(await calculateJwkThumbprint(jwk as never));
  });

  it('reads RSA keys from 2048 to 8192 bits', () => {
    expect(parseJwk(jwkOf('rsa', { modulusLength: 3072 })).algorithm).toBe('RS256');
  });

  it('reads a key with null in members that it does not have', () => {
    expect(parseJwk({ ...ec, d: null, k: null, n: null, kid: null, alg: null, key_ops: null })).toEqual(
      parseJwk(ec),
    );
  });

  it.each<[string, unknown]>([
    ['a text', 'key'],
    ['null', null],
    ['an array', [ec]],
    ['no type', { ...ec, kty: undefined }],
    ['a symmetric key', { kty: 'oct', k: 'AAAA' }],
    ['a private key', { ...ec, d: ec.x }],
    ...(['p', 'q', 'dp', 'dq', 'qi', 'oth'] as const).map((part): [string, unknown] => [
      `${part} of a private RSA key`,
      { ...jwkOf('rsa', { modulusLength: 2048 }), [part]: 'AQAB' },
    ]),
    ['an unknown curve', { ...ec, crv: 'P-224' }],
    ['a curve named like a member of every object', { ...ec, crv: 'constructor' }],
    ['secp256k1', jwkOf('ec', { namedCurve: 'secp256k1' })],
    ['Ed448', generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' })],
    ['X25519', generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })],
    ['a point that is not on its curve', { ...ec, y: flip(ec.y) }],
    [
      'the point at infinity',
      { ...ec, x: Buffer.alloc(32).toString('base64url'), y: Buffer.alloc(32).toString('base64url') },
    ],
    ['a coordinate beyond the field', { ...ec, x: Buffer.alloc(32, 0xff).toString('base64url') }],
    ['a coordinate cut short', { ...ec, x: bytes(ec.x).subarray(1).toString('base64url') }],
    [
      'a coordinate with a leading zero',
      { ...ec, x: Buffer.concat([Buffer.from([0]), bytes(ec.x)]).toString('base64url') },
    ],
    ['padding in a coordinate', { ...ec, x: `${ec.x}=` }],
    ['a number for a coordinate', { ...ec, x: 7 }],
    ['no y', { kty: 'EC', crv: 'P-256', x: ec.x }],
    ['RSA of 1024 bits', jwkOf('rsa', { modulusLength: 1024 })],
    ['RSA of 2047 bits', { ...rsa, n: halve(rsa.n) }],
    ['RSA of 8200 bits', { ...rsa, n: Buffer.alloc(1025, 0xff).toString('base64url') }],
    ['RSA with exponent 1', { ...rsa, e: 'AQ' }],
    ['RSA with exponent 3', { ...rsa, e: 'Aw' }],
    ['RSA with an even exponent', { ...rsa, e: 'AQAC' }],
    ['RSA with a vast exponent', { ...rsa, e: Buffer.alloc(200, 0xff).toString('base64url') }],
    [
      'an even modulus',
      { ...rsa, n: Buffer.concat([bytes(rsa.n).subarray(0, -1), Buffer.from([2])]).toString('base64url') },
    ],
    [
      'a modulus with a leading zero',
      { ...rsa, n: Buffer.concat([Buffer.from([0]), bytes(rsa.n)]).toString('base64url') },
    ],
    ['an empty modulus', { ...rsa, n: '' }],
  ])('refuses %s as badPublicKey', (_, value) => {
    expect(refusal(value).type).toBe('badPublicKey');
  });

  it('throws nothing but badPublicKey, whatever the JSON', () => {
    const member = fc.oneof(
      fc.base64String(),
      fc.string(),
      fc.constantFrom(ec.x, ec.y, rsa.n, 'AQAB', 'P-256', 'Ed25519'),
    );
    const jwk = fc.record({
      kty: fc.constantFrom('EC', 'RSA', 'OKP', 'oct'),
      crv: fc.oneof(fc.constantFrom('P-256', 'P-384', 'P-521', 'Ed25519'), fc.string()),
      x: member,
      y: member,
      n: member,
      e: member,
    });
    fc.assert(
      fc.property(fc.oneof(jwk, fc.jsonValue()), (value) => {
        try {
          parseJwk(value);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
          expect((error as Problem).type).toBe('badPublicKey');
        }
      }),
      { numRuns: 500 },
    );
  });
});

function halve(n: string | undefined): string {
  const copy = bytes(n);
  copy[0] = ((copy[0] ?? 0) & 0x7f) | 0x40;
  return copy.toString('base64url');
}

const product = (p: bigint, q: bigint) => {
  const hex = (p * q).toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
};

describe('keys that must not become an account’s (RFC 8555 §6.2)', () => {
  const key = parseJwk(ec);
  const fingerprint = createHash('sha256')
    .update(key.key.export({ format: 'der', type: 'spki' }))
    .digest('hex');
  const anyone = () => false;

  it('refuses a key whose SubjectPublicKeyInfo is on the operator’s list, and only that', () => {
    const list = parseCompromisedKeys(`# leaked\n\n${fingerprint.toUpperCase()}\r\n`);
    expect(() => requireGoodKey(key, (each) => list.has(each))).toThrow(/compromised/);
    expect(() => requireGoodKey(parseJwk(rsa), (each) => list.has(each))).not.toThrow();
  });

  it('names the line of the list that is wrong', () => {
    expect(() => parseCompromisedKeys(`${fingerprint}\nabc`)).toThrow('line 2');
  });

  it('refuses RSA keys whose primes are close or small', () => {
    const prime = generatePrimeSync(1024, { bigint: true });
    let next = prime + 2n;
    while (!checkPrimeSync(next)) next += 2n;
    for (const n of [product(prime, next), product(3n, generatePrimeSync(2048, { bigint: true }))]) {
      const weak = () => requireGoodKey(parseJwk({ kty: 'RSA', n, e: 'AQAB' }), anyone);
      expect(weak).toThrow(Problem);
      expect(weak).toThrow(/badPublicKey/);
    }
  });
});
