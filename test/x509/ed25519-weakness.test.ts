import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { KeyError, parsePublicJwk, parsePublicKey } from '../../src/x509/spki.js';

const PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const spki = (hex: string) => Buffer.concat([PREFIX, Buffer.from(hex, 'hex')]);
/** The same y with the other sign of x. */
const otherSign = (hex: string) =>
  hex.slice(0, 62) + (Number.parseInt(hex.slice(62), 16) ^ 0x80).toString(16).padStart(2, '0');

const SMALL_ORDER = [
  `01${'00'.repeat(31)}`,
  `${'00'.repeat(32)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
];
const NON_CANONICAL = [
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
  `f0${'ff'.repeat(30)}7f`,
  `${'ff'.repeat(31)}7f`,
];

it.each([
  ...SMALL_ORDER,
  ...SMALL_ORDER.map(otherSign),
])('an Ed25519 point of small order is refused as a key: %s', (point) => {
  expect(() => parsePublicKey(spki(point))).toThrow(KeyError);
  expect(() => parsePublicKey(spki(point))).toThrow(/small order/);
});

it.each([
  ...NON_CANONICAL,
  ...NON_CANONICAL.map(otherSign),
])('a non-canonical Ed25519 point is refused as a key: %s', (point) => {
  expect(() => parsePublicKey(spki(point))).toThrow(/canonically/);
  const x = Buffer.from(point, 'hex').toString('base64url');
  expect(() => parsePublicJwk({ kty: 'OKP', crv: 'Ed25519', x })).toThrow(KeyError);
});

it('every other Ed25519 point is accepted as a key', () => {
  for (let count = 0; count < 50; count += 1) {
    const der = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' });
    expect(parsePublicKey(der).type).toBe('ed25519');
  }
});
