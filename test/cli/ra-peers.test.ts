import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newCurveKeyPair } from '../../src/channel/curve-keys.js';
import { until } from '../../tools/kit/until.js';
import { requestPem } from '../support/requests.js';
import { CaWorld } from '../support/world/ca.js';
import { build, upki } from './run.js';

let world: CaWorld;
beforeAll(async () => {
  build();
  world = await new CaWorld().start();
}, 120_000);
afterAll(() => world.close());

const run = (what: string, ...args: string[]) => upki(['ra', what, '-d', world.dataDir, ...args]);
const listed = async (): Promise<{ cn: string; state: string; serial: string; key: string }[]> =>
  JSON.parse((await run('list', '--json')).stdout);

const serialOf = async (key: string): Promise<string> =>
  (await listed()).find((each) => each.key === key)?.serial ?? '';

/** A replica of an RA: its channel and the key that it has there. */
async function replica(cn: string) {
  const keys = newCurveKeyPair();
  const { certificate } = await world.registration().call('register', {
    cn,
    csr: requestPem([cn]),
    curve_public_key: keys.publicKey,
  });
  return { keys, certificate, client: world.operations(keys) };
}

/** Whether a key is let in by a connection made now. */
async function isAdmitted({ keys }: Awaited<ReturnType<typeof replica>>): Promise<boolean> {
  return world
    .operations(keys)
    .call('ping', {})
    .then(
      () => true,
      () => false,
    );
}

describe('upki ra list', () => {
  it('prints the registered RAs with channel key, certificate and state while the CA runs', async () => {
    const { keys } = await replica('listed.example.test');
    const { code, stdout } = await run('list');
    expect(code).toBe(0);
    const line = stdout.split('\n').find((each) => each.startsWith('listed.example.test\t'));
    const [, state, since, serial, key] = line?.split('\t') ?? [];
    expect([state, key]).toEqual(['admitted', keys.publicKey]);
    expect(Date.parse(since ?? '')).toBeGreaterThan(Date.now() - 600_000);
    const shown = (await listed()).find((each) => each.key === keys.publicKey);
    expect(shown).toMatchObject({ cn: 'listed.example.test', state: 'admitted', serial, revoked_at: null });
  });
});

describe('upki ra revoke', () => {
  it.each([
    ['the serial of its certificate', async (key: string) => [await serialOf(key)]],
    ['the serial in capitals', async (key: string) => [(await serialOf(key)).toUpperCase()]],
    // It may begin with a hyphen.
    ['its key', async (key: string) => ['--', key]],
  ])('blocks one replica by %s, whatever other good certificates of its name exist', async (_, named) => {
    const [stolen, stays] = [await replica('two.example.test'), await replica('two.example.test')];
    // Even one that the stolen RA had made for its own name.
    await stolen.client.call('sign', { csr: requestPem(['two.example.test']), profile: 'server' });
    const { code, stdout } = await run('revoke', ...(await named(stolen.keys.publicKey)));
    expect([code, stdout]).toEqual([0, expect.stringContaining('is blocked: 1 channel key.')]);
    expect([await isAdmitted(stolen), await isAdmitted(stays)]).toEqual([false, true]);
    expect((await stays.client.call('ocsp_check', { cert: stolen.certificate })).status).toBe('revoked');
    expect((await stays.client.call('ocsp_check', { cert: stays.certificate })).status).toBe('good');
    const ofTwo = [stolen, stays].map(({ keys }) => keys.publicKey);
    const states = (await listed()).filter(({ key }) => ofTwo.includes(key)).map(({ state }) => state);
    expect(states.sort()).toEqual(['admitted', 'revoked']);
  });

  it('closes open connections, and by name blocks every replica', async () => {
    const both = [await replica('gone.example.test'), await replica('gone.example.test')];
    const other = await replica('other.example.test');
    for (const { client } of both) expect(await client.call('ping', {})).toBe(true);
    const { code, stdout } = await run('revoke', 'Gone.example.test', '--reason', 'keyCompromise');
    expect([code, stdout]).toEqual([0, expect.stringContaining('is blocked: 2 channel keys.')]);
    for (const { client } of both) {
      await until(60_000, () => expect(client.call('ping', {})).rejects.toThrow());
    }
    expect(await other.client.call('ping', {})).toBe(true);
    expect(await isAdmitted(other)).toBe(true);
    // The thief gets no certificate for the stolen keys ever again.
    expect((await other.client.call('list_compromised_keys', {})).keys).toHaveLength(2);
  }, 120_000);

  it.each([
    ['nobody.example.test', [], 1, /no RA nobody.example.test is registered/],
    ['listed.example.test', ['--reason', 'certificateHold'], 2, /--reason is "certificateHold"/],
    ['listed.example.test', ['--reason', 'x'], 2, /must be one of unspecified, keyCompromise/],
  ])('says in one sentence what is wrong: %s %j', async (name, more, exit, why) => {
    const { code, stderr } = await run('revoke', name, ...more);
    expect([code, stderr]).toEqual([exit, expect.stringMatching(why)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
