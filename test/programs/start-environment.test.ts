import type { NetworkInterfaceInfo } from 'node:os';
import { expect, it } from 'vitest';
import { loopbackOf } from '../../src/programs/start-environment.js';

const machine = (...addresses: string[]) => ({
  lo: addresses.map((address) => ({ address }) as NetworkInterfaceInfo),
});

it.each([
  ['127.0.0.1', ['::1'], '::1'],
  ['127.0.0.1', ['127.0.0.1', '::1'], '127.0.0.1'],
  ['127.0.0.1', ['127.0.0.1'], '127.0.0.1'],
  ['127.0.0.1', [], '127.0.0.1'],
  ['10.0.0.2', ['::1'], '10.0.0.2'],
  ['ca.example.internal', ['::1'], 'ca.example.internal'],
])('with UPKI_CA_HOST=%s on a machine with %j, `upki start` has the CA listen on %s', (host, own, expected) => {
  expect(loopbackOf(host, machine(...own))).toBe(expected);
});
