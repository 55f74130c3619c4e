import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curveKeyPair as zmqKeyPair } from 'zeromq';
import { curveKeyPairFromSecret, newCurveKeyPair, registrationKeys } from '../../src/channel/curve-keys.js';
import { z85DecodeKey, z85Encode } from '../../src/channel/z85.js';

describe('Z85 (ZeroMQ RFC 32)', () => {
  it('encodes the example of the specification', () => {
    expect(z85Encode(Buffer.from('864FD26FB559F75B', 'hex'))).toBe('HelloWorld');
  });

  it('reads back every key it writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(z85DecodeKey(z85Encode(key))).toEqual(key);
      }),
    );
  });

  it('refuses everything else', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 38, maxLength: 42 }), (text) => {
        const key = z85DecodeKey(text);
        if (key !== null) expect(z85Encode(key)).toBe(text);
      }),
    );
    expect(z85DecodeKey('#'.repeat(40))).toBeNull();
    expect(z85DecodeKey('0'.repeat(39))).toBeNull();
  });
});

describe('CURVE keys', () => {
  it('equal the keys that libzmq derives from the same secret', () => {
    const theirs = zmqKeyPair();
    expect(curveKeyPairFromSecret(theirs.secretKey)).toEqual(theirs);
  });

  it('are derived deterministically from a seed, differ by end and by seed, and never contain the seed', () => {
    const seed = 'c2VlZCBvZiAxMjggYml0cyBv';
    const keys = registrationKeys(seed);
    expect(registrationKeys(seed)).toEqual(keys);
    const secrets = [keys, registrationKeys(`${seed}x`)].flatMap(({ server, client }) => [server, client]);
    expect(new Set(secrets.map((pair) => pair.secretKey)).size).toBe(4);
  });

  it('are not derived from a seed short enough to guess', () => {
    expect(() => registrationKeys('testseed123')).toThrow(/has 11 characters.*at least 22/);
  });

  it('are refused when malformed', () => {
    expect(() => curveKeyPairFromSecret('x')).toThrow(RangeError);
    expect(newCurveKeyPair().publicKey).toHaveLength(40);
  });
});
