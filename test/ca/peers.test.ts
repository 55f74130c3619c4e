import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newCurveKeyPair } from '../../src/channel/curve-keys.js';
import { ChannelRefused, ChannelUnavailable } from '../../src/channel/errors.js';
import type { operations } from '../../src/channel/tasks/index.js';
import type { TaskClient } from '../../src/channel/typed-client.js';
import { newKey, requestPem } from '../support/requests.js';
import { CaWorld, SEED } from '../support/world/ca.js';

type Ra = TaskClient<typeof operations>;

/** What became of a task: `done`, or the kind of the refusal. */
const outcome = (task: Promise<unknown>): Promise<string> =>
  task.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof ChannelRefused) return error.kind;
      throw error;
    },
  );

describe('what an RA may have made (least privilege on the channel)', () => {
  const world = new CaWorld();
  let ra: Ra;
  beforeAll(async () => {
    await world.start();
    ra = await world.registered('ra1.example.test');
    await world.registered('ra2.example.test');
    await world.administrator('alice', newKey());
  });
  afterAll(() => world.close());

  const sign = (who: Ra, profile: string, cn: string) =>
    outcome(who.call('sign', { csr: requestPem([cn]), profile }));

  it.each([
    'server',
    'webapp',
    'laptop',
    'user',
  ])('an RA may get end-entity certificates of profile %s', async (profile) => {
    expect(await sign(ra, profile, 'www.example.test')).toBe('done');
  });

  it('an RA may get its own RA certificate, in any case of its name, and no other RA’s', async () => {
    expect(await sign(ra, 'ra', 'ra1.example.test')).toBe('done');
    expect(await sign(ra, 'ra', 'RA1.example.test')).toBe('done');
    for (const name of ['ra2.example.test', 'new.example.test', 'ra1.example.test.evil.test']) {
      expect([name, await sign(ra, 'ra', name)]).toEqual([name, 'forbidden']);
    }
    const withoutCn = requestPem(['ra2.example.test', 'ra1.example.test'], { cn: null });
    expect(await outcome(ra.call('sign', { csr: withoutCn, profile: 'ra' }))).toBe('forbidden');
  });

  it('an RA gets nothing with profile admin, by any task', async () => {
    const csr = requestPem([], { cn: 'alice' });
    const { serial } = await ra.call('view', { dn: 'alice' });
    const order = { order_id: 'o', account_id: 'a', csr: requestPem(['alice.example.test']) };
    expect([
      await outcome(ra.call('sign', { csr, profile: 'admin' })),
      await outcome(ra.call('generate', { cn: 'alice', profile: 'admin' })),
      await outcome(ra.call('renew', { dn: 'alice' })),
      await outcome(ra.call('reissue', { serial: `0x${serial}`, csr })),
      await outcome(ra.call('register', { seed: SEED, cn: 'alice', profile: 'admin' })),
      await outcome(ra.call('enroll', { request_id: 'r', csr, cn: 'alice', profile: 'admin' })),
      await outcome(ra.call('acme_issue_certificate', { ...order, profile: 'admin' })),
    ]).toEqual(['forbidden', 'forbidden', 'forbidden', 'forbidden', 'forbidden', 'other', 'other']);
  });

  it('an RA cannot get another RA’s certificate by renewal', async () => {
    const { serial } = await ra.call('view', { dn: 'ra2.example.test' });
    const csr = requestPem(['ra2.example.test']);
    expect(await outcome(ra.call('renew', { dn: 'ra2.example.test' }))).toBe('forbidden');
    expect(await outcome(ra.call('reissue', { serial: `0x${serial}`, csr }))).toBe('forbidden');
    expect(await outcome(ra.call('generate', { cn: 'ra2.example.test', profile: 'ra' }))).toBe('forbidden');
    expect(await outcome(ra.call('renew', { dn: 'ra1.example.test' }))).toBe('done');
  });

  it('a peer that does not identify itself gets no RA certificate', async () => {
    const keys = newCurveKeyPair();
    await world.registration().call('register', {
      cn: 'ra3.example.test',
      csr: requestPem(['ra3.example.test']),
      curve_public_key: keys.publicKey,
    });
    const silent = world.operations(keys, null);
    expect(await sign(silent, 'ra', 'ra3.example.test')).toBe('forbidden');
    expect(await sign(silent, 'server', 'ra3.example.test')).toBe('done');
  });

  it('the seed registers no administrator', async () => {
    const register = (more: object) =>
      outcome(
        world.registration().call('register', {
          cn: 'mallory',
          profile: 'admin',
          csr: requestPem([], { cn: 'mallory' }),
          ...more,
        }),
      );
    expect(await register({})).toBe('forbidden');
    expect(await register({ curve_public_key: newCurveKeyPair().publicKey })).toBe('other');
  });
});

it('in clear mode too, no peer gets an administrator’s certificate, or an RA’s for a name that is not a registered RA', async () => {
  const world = await new CaWorld({ mode: 'clear' }).start();
  const ra = await world.registered('ra1.example.test');
  const sign = (profile: string, cn: string) => outcome(ra.call('sign', { csr: requestPem([cn]), profile }));
  expect([
    await sign('ra', 'ra1.example.test'),
    await sign('ra', 'ra2.example.test'),
    await sign('admin', 'ra1.example.test'),
    await outcome(ra.call('generate', { cn: 'mallory', profile: 'admin' })),
  ]).toEqual(['done', 'forbidden', 'forbidden', 'forbidden']);
  await world.close();
});

it('the list of administrators can be changed only on the CA’s machine when the operator sets it so', async () => {
  const world = await new CaWorld({ adminsByRa: false }).start();
  const ra = await world.registered();
  await world.administrator('alice', newKey());
  const [dn = ''] = await ra.call('list_admins', {});
  expect(dn).toContain('CN=alice');
  expect(await outcome(ra.call('add_admin', { dn: '/CN=mallory' }))).toBe('forbidden');
  expect(await outcome(ra.call('remove_admin', { dn }))).toBe('forbidden');
  expect(await ra.call('list_admins', {})).toEqual([dn]);
  await world.close();
});

describe('a revoked RA loses its channel', () => {
  const world = new CaWorld();
  beforeAll(async () => {
    await world.start();
  });
  afterAll(() => world.close());

  const admitted = async (client: Ra) =>
    client.call('ping', {}, 700).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ChannelUnavailable) return false;
        throw error;
      },
    );

  async function register(cn: string) {
    const keys = newCurveKeyPair();
    const { certificate } = await world
      .registration()
      .call('register', { cn, csr: requestPem([cn]), curve_public_key: keys.publicKey });
    return { client: world.operations(keys), certificate, again: () => world.operations(keys) };
  }

  it('whatever other certificates of its name there are, and alone', async () => {
    const operator = await world.registered('operator.example.test');
    const [lost, replica] = [await register('ra1.example.test'), await register('ra1.example.test')];
    // A server's certificate of the same name, newer than the RA's.
    await operator.call('sign', { csr: requestPem(['ra1.example.test']) });
    expect([await admitted(lost.client), await admitted(replica.client)]).toEqual([true, true]);
    await operator.call('acme_revoke_certificate', { certificate: lost.certificate, reason: 1 });
    expect([await admitted(lost.client), await admitted(replica.client)]).toEqual([false, true]);
  });

  it('by its renewed certificate, not by the one it replaced; and has it back when a hold ends', async () => {
    const operator = await world.registered('operator2.example.test');
    const { client, certificate, again } = await register('ra2.example.test');
    const csr = requestPem(['ra2.example.test']);
    const renewed = await client.call('sign', { csr, profile: 'ra' });
    await operator.call('acme_revoke_certificate', { certificate, reason: 4 });
    expect(await admitted(client)).toBe(true);
    await operator.call('revoke_serial', { serial: `0x${renewed.serial}`, reason: 'certificateHold' });
    expect(await admitted(client)).toBe(false);
    await operator.call('unrevoke', { dn: `0x${renewed.serial}` });
    expect(await admitted(again())).toBe(true);
  });
});
