import { afterAll, beforeAll, expect, it } from 'vitest';
import { newCurveKeyPair } from '../../src/channel/curve-keys.js';
import { until } from '../../tools/kit/until.js';
import { requestPem } from '../support/requests.js';
import { CaWorld, SEED } from '../support/world/ca.js';
import { build, upki } from './run.js';

let world: CaWorld;
beforeAll(async () => {
  build();
  world = await new CaWorld().start();
}, 120_000);
afterAll(() => world.close());

const seed = (args: string[] = [], env = {}) => upki(['ca', 'seed', ...args, '-d', world.dataDir], env);

const registers = (with_: string) =>
  world
    .registration(with_)
    .call('register', {
      cn: 'ra.example.test',
      csr: requestPem(['ra.example.test']),
      curve_public_key: newCurveKeyPair().publicKey,
    })
    .then(
      () => true,
      () => false,
    );

it('upki ca seed prints the registration seed; --new replaces it at a running CA, and registered RAs stay registered', async () => {
  expect(await seed()).toMatchObject({ code: 0, stdout: `${SEED}\n` });
  const ra = await world.registered('stays.example.test');
  const { code, stdout } = await seed(['--new']);
  expect(code).toBe(0);
  const next = stdout.trim();
  expect(next).toMatch(/^[\w-]{43}$/);
  await until(30_000, async () => expect(await registers(next)).toBe(true));
  expect(await registers(SEED)).toBe(false);
  expect(await ra.call('ping', {})).toBe(true);
  await world.stop();
  await world.start();
  expect(await registers(next)).toBe(true);
}, 120_000);

it('upki ca seed --new does not change a seed that is set elsewhere, and names that place', async () => {
  const { code, stderr } = await seed(['--new'], { UPKI_CA_SEED: 'a-seed-of-the-environment-alone' });
  expect([code, stderr]).toEqual([78, expect.stringContaining('the seed is set by the environment')]);
  const { stdout } = await seed([], { UPKI_CA_SEED: 'a-seed-of-the-environment-alone' });
  expect(stdout).toBe('a-seed-of-the-environment-alone\n');
});
