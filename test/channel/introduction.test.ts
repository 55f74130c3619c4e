import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newCurveKeyPair, sharedSecret } from '../../src/channel/curve-keys.js';
import { introductionProof, isIntroduction } from '../../src/channel/introduction.js';

const server = newCurveKeyPair();
const client = newCurveKeyPair();
const proof = introductionProof(client, server.publicKey);

describe('an introduction on the channel', () => {
  it('is believed with the proof of the key it names', () => {
    expect(isIntroduction(server, client.publicKey, proof)).toBe(true);
  });

  it('is not believed with the proof of another key, or made for another server', () => {
    const other = newCurveKeyPair();
    expect(isIntroduction(server, other.publicKey, proof)).toBe(false);
    expect(isIntroduction(server, client.publicKey, introductionProof(other, server.publicKey))).toBe(false);
    expect(isIntroduction(server, client.publicKey, introductionProof(client, other.publicKey))).toBe(false);
    expect(isIntroduction(other, client.publicKey, proof)).toBe(false);
  });

  it('is not believed with a key whose shared secret is the same for everyone (RFC 7748 §6.1)', () => {
    const zero = '0'.repeat(40);
    expect(isIntroduction(server, zero, proof)).toBe(false);
  });

  it('never throws, whatever is given', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (key, shown) => {
        expect(isIntroduction(server, key, shown)).toBe(false);
        expect(isIntroduction(server, client.publicKey, shown)).toBe(false);
      }),
    );
  });

  it('depends on the shared secret of both ends', () => {
    expect(sharedSecret(client, server.publicKey)).toEqual(sharedSecret(server, client.publicKey));
    expect(sharedSecret(newCurveKeyPair(), server.publicKey)).not.toEqual(
      sharedSecret(client, server.publicKey),
    );
  });
});
