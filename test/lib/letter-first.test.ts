import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { newRegistrationSeed } from '../../src/channel/curve-keys.js';
import { letterFirst } from '../../src/lib/letter-first.js';
import { NodeKeys } from '../../src/ra/nodes/keys.js';

const octetOf = (value: number) => Buffer.alloc(32, value);

it('a secret begins with a letter whatever its octets are, and keeps all bits but one', () => {
  for (let value = 0; value < 256; value += 1) {
    const octets = octetOf(value);
    const changed = letterFirst(octets);
    expect(changed.toString('base64url')).toMatch(/^[A-Za-z]/);
    expect(changed.subarray(1)).toEqual(octets.subarray(1));
    expect(octets).toEqual(octetOf(value));
  }
});

it('an HMAC key never begins with "-", which certbot would read as an option, but with a letter', async () => {
  const keys = new NodeKeys({
    store: { findNodeByKey: async () => null },
    secret: async () => randomBytes(32),
    clock: Date.now,
    random: (bytes) => Buffer.alloc(bytes, 0xfb),
  });
  expect(octetOf(0xfb).toString('base64url')).toMatch(/^-/);
  const { hmac } = await keys.make({ once: false, expiresAt: null });
  expect(hmac).toMatch(/^[A-Za-z]/);
  expect(Buffer.from(hmac, 'base64url')).toHaveLength(32);
});

it('no registration seed begins with "-" or "_"', () => {
  for (let times = 0; times < 2000; times += 1) expect(newRegistrationSeed()).toMatch(/^[A-Za-z]/);
});
