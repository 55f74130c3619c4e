import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { newCurveKeyPair } from '../../../src/channel/curve-keys.js';
import { ChannelUnavailable } from '../../../src/channel/errors.js';
import { subjectAltNames } from '../../../src/x509/certificate.js';
import { fromPem } from '../../../src/x509/pem.js';
import { newKey, requestPem } from '../../support/requests.js';
import { SEED } from '../../support/world/ca.js';
import { leaf, start } from './harness.js';

describe('registration in curve mode', () => {
  it('issues the holder of the seed a certificate for its own key and no private key, and admits its channel key', async () => {
    const world = await start();
    const [tls, channel] = [newKey(), newCurveKeyPair()];
    const answer = await world.registration().call('register', {
      cn: 'RA.example.test',
      sans: [{ type: 'IP', value: '127.0.0.1' }],
      csr: requestPem(['ignored.example.test'], { key: tls }),
      curve_public_key: channel.publicKey,
    });
    expect(answer).toMatchObject({ status: 'registered', cn: 'RA.example.test', profile: 'ra' });
    expect(answer.private_key).toBeUndefined();
    expect(answer.operations_public_key).toBe(world.running.operationsPublicKey);
    expect(fromPem('CERTIFICATE', answer.certificate)).toHaveLength(2);
    expect(subjectAltNames(leaf(answer.certificate))).toEqual([
      { type: 'dns', value: 'ra.example.test' },
      { type: 'ip', value: '127.0.0.1' },
    ]);
    await expect(world.operations(channel).call('ping', {})).resolves.toBe(true);
    await expect(world.registration().call('status', { cn: 'RA.example.test' })).resolves.toMatchObject({
      status: 'registered',
      node: { cn: 'ra.example.test', profile: 'ra' },
    });
  });

  it('never answers a client with another seed', async () => {
    const world = await start();
    const guess = world.registration('another-seed-of-sufficient-length');
    await expect(guess.call('status', { cn: 'x' })).rejects.toBeInstanceOf(ChannelUnavailable);
  });

  it('makes no keys: a request without a CSR is refused', async () => {
    const world = await start();
    await expect(world.registration().call('register', { cn: 'ra.example.test' })).rejects.toMatchObject({
      code: 700,
      message: 'Missing csr parameter',
    });
  });

  it('does not admit the key of a node that is not an RA', async () => {
    const world = await start();
    const request = {
      cn: 'web.example.test',
      profile: 'server',
      csr: requestPem(['web.example.test']),
      curve_public_key: newCurveKeyPair().publicKey,
    };
    await expect(world.registration().call('register', request)).rejects.toMatchObject({ code: 200 });
  });
});

describe('the operations socket in curve mode', () => {
  it('does not answer a key that was never registered', async () => {
    const world = await start();
    await expect(world.operations(newCurveKeyPair()).call('ping', {}, 1000)).rejects.toThrow(
      /does not admit/,
    );
  });

  it('ends the connection of an RA whose certificate is revoked, and keeps the others', async () => {
    const world = await start();
    const [bad, good] = [
      await world.registered('bad.example.test'),
      await world.registered('good.example.test'),
    ];
    await bad.call('ping', {});
    await good.call('revoke', { dn: 'bad.example.test', reason: 'keyCompromise' });
    await expect.poll(() => good.call('ping', {}).catch(() => null), { timeout: 10_000 }).toBe(true);
    await expect
      .poll(() => bad.call('ping', {}, 500).catch((error: Error) => error.message), { timeout: 10_000 })
      .toMatch(/does not admit/);
  });

  it('admits its RAs after a restart', async () => {
    const world = await start();
    const keys = newCurveKeyPair();
    await world.registration().call('register', {
      cn: 'ra.example.test',
      csr: requestPem(['ra.example.test']),
      curve_public_key: keys.publicKey,
    });
    await world.stop();
    await world.start();
    await expect(world.operations(keys).call('ping', {})).resolves.toBe(true);
  });
});

describe('clear mode', () => {
  it('refuses to listen on a reachable address unless two settings allow it', async () => {
    await expect(start({ mode: 'clear', host: '0.0.0.0' })).rejects.toThrow(/clear mode on 0\.0\.0\.0/);
    await expect(start({ mode: 'clear', host: '0.0.0.0', clearAny: true })).resolves.toBeDefined();
  });

  it.each([
    [
      '127.0.0.1',
      { host: '127.0.0.1' },
      /exposes to every program on this machine: .*signing for any name.*the seed/,
    ],
    [
      'every address',
      { host: '0.0.0.0', clearAny: true },
      /exposes to everybody who can reach 0\.0\.0\.0: .*private key/,
    ],
    ['operations alone', { registrationPort: null }, /without any authentication: [^;]*$/],
  ])('says in the log what it exposes on %s', async (_, changes, expected) => {
    const warned: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => warned.push(JSON.parse(line).msg) });
    await start({ mode: 'clear', log, ...changes });
    expect(warned).toEqual([expect.stringMatching(expected)]);
  });

  it('registers only a client with the seed', async () => {
    const world = await start({ mode: 'clear' });
    const registration = world.registration();
    const request = { cn: 'ra.example.test', csr: requestPem(['ra.example.test']) };
    for (const seed of ['', 'wrong', `${SEED}x`]) {
      await expect(registration.call('register', { ...request, seed })).rejects.toMatchObject({
        code: 700,
        message: 'Invalid registration seed',
      });
    }
    await expect(registration.call('register', { ...request, seed: SEED })).resolves.toMatchObject({
      status: 'registered',
    });
  });
});
