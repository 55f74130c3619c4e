import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newCurveKeyPair } from '../../../src/channel/curve-keys.js';
import { ChannelRefused } from '../../../src/channel/errors.js';
import type { Holder } from '../../support/https.js';
import { newKey, requestPem } from '../../support/requests.js';
import { SEED } from '../../support/world/ca.js';
import { JoinedWorld } from '../../support/world/joined.js';

/** The table "What a thief can and cannot do" of SECURITY.md, a test a row, its cells in order. */

let world: JoinedWorld;
beforeAll(async () => {
  world = await new JoinedWorld().start();
});
afterAll(() => world.close());

const outcome = (task: Promise<unknown>): Promise<string> =>
  task.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof ChannelRefused) return 'refused';
      throw error;
    },
  );
const call = (path: string, as: Holder | null, method = 'GET', body?: unknown) =>
  world.ask(path, as, { method, ...(body !== undefined && { body }) }).then(({ status }) => status);
const certify = async (body: object) =>
  (await world.ask('/public/certify', null, { method: 'POST', body })).status;
const serialOf = async (cn: string) =>
  (await world.tasks.call('certificate_history', { cn }))[0]?.serial ?? '';

/** What the holder of a certificate gets by it: renewal, and rows for administrators. */
async function as(holder: Holder, victim: string) {
  return {
    renew: await call('/client/renew', holder, 'POST', { csr: requestPem([], { cn: 'x' }) }),
    readList: await call('/private/admins', holder),
    changeList: await call('/private/admins', holder, 'POST', { dn: '/CN=mallory' }),
    register: await call('/private/nodes', holder, 'POST', { cn: `by-${victim}`, profile: 'webapp' }),
    revokeOther: await call('/private/certificates/actions/revoke', holder, 'POST', {
      serial: await serialOf(victim),
      reason: 'superseded',
    }),
    revokeOwn: await call('/client/revoke', holder, 'POST', { reason: 'superseded' }),
  };
}
const victim = async (cn: string) => {
  await world.tasks.call('sign', { csr: requestPem([cn]) });
  return cn;
};
async function administrator(cn: string, role: 'admin' | 'operator' | 'auditor'): Promise<Holder> {
  const key = newKey();
  const cert = await world.ca.administrator(cn, key, role);
  return { key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), cert };
}

describe('a thief who has', () => {
  it('an RA’s keys has end certificates, its own RA’s, no administrator’s; adds and removes names, revokes', async () => {
    const ra = await world.ca.registered('stolen-ra.example.test');
    const sign = (profile: string, cn: string) =>
      outcome(ra.call('sign', { csr: requestPem([cn]), profile }));
    expect([await sign('server', 'any.example.test'), await sign('user', 'any.example.test')]).toEqual([
      'done',
      'done',
    ]);
    expect(await sign('ra', 'stolen-ra.example.test')).toBe('done');
    expect(await sign('ra', 'other-ra.example.test')).toBe('refused');
    expect(await sign('admin', 'mallory.example.test')).toBe('refused');
    // A name that is added gives no key any rights.
    const former = await ra.call('list_admins', {});
    expect(await outcome(ra.call('add_admin', { dn: '/CN=any.example.test', by: 'CN=alice' }))).toBe('done');
    expect(
      (await ra.call('get_admin_role', { serial: `0x${await serialOf('any.example.test')}` })).role,
    ).toBe('none');
    expect(await outcome(ra.call('remove_admin', { dn: '/CN=any.example.test' }))).toBe('done');
    expect(await ra.call('list_admins', {})).toEqual(former);
    const serial = await serialOf('any.example.test');
    expect(await outcome(ra.call('revoke_serial', { serial: `0x${serial}` }))).toBe('done');
    await world.ca.onMachine(async ({ store }) => {
      const records = await store.readAudit({ after: null, limit: 1_000 });
      const text = JSON.stringify(records);
      expect(text).toContain('CN=alice (says ra stolen-ra.example.test)');
    });
    const { serial: own } = await ra.call('view', { dn: 'stolen-ra.example.test' });
    await world.tasks.call('revoke_serial', { serial: `0x${own}`, reason: 'keyCompromise' });
    await expect(ra.call('ping', {}, 2_000)).rejects.toThrow();
  });

  it('a node’s key renews what the node has and revokes it, and nothing else; the node’s removal ends it', async () => {
    const node = await world.enrolled({ cn: 'stolen-node.example.test' });
    const got = await as(node, await victim('victim1.example.test'));
    expect(got).toEqual({
      renew: 201,
      readList: 403,
      changeList: 403,
      register: 403,
      revokeOther: 403,
      revokeOwn: 200,
    });
    const other = await world.enrolled({ cn: 'ended-node.example.test' });
    expect(await call('/private/nodes/ended-node.example.test', world.alice, 'DELETE')).toBe(200);
    expect(await call('/client/renew', other, 'POST', { csr: requestPem([], { cn: 'x' }) })).toBe(403);
  });

  it('an enrolment seed has one certificate of what was registered, and none after it was registered anew', async () => {
    const register = (more: object) => world.register({ cn: 'seeded.example.test', ...more });
    const { seed: old } = await register({});
    const { seed } = await register({ replace: true });
    const request = (names: string[], key = newKey()) => requestPem(names, { key, cn: null });
    expect(await certify({ seed: old, csr: request([]) })).toBe(403);
    for (const profile of ['ra', 'admin', 'server']) {
      expect([profile, await certify({ seed, csr: request([]), profile })]).toEqual([profile, 403]);
    }
    expect(await certify({ seed, csr: request(['another.example.test']) })).toBe(403);
    const headers = { 'x-upki-seed': seed };
    expect((await world.ask('/private/admins', null, { headers })).status).toBe(401);
    expect(await certify({ seed, csr: request([]) })).toBe(200);
    expect(await certify({ seed, csr: request([]) })).toBe(403);
  });

  it('an auditor’s key reads, and revokes itself', async () => {
    const got = await as(await administrator('audrey', 'auditor'), await victim('victim2.example.test'));
    expect(got).toEqual({
      renew: 403,
      readList: 200,
      changeList: 403,
      register: 403,
      revokeOther: 403,
      revokeOwn: 200,
    });
  });

  it('an operator’s key registers nodes and revokes, and does not change who administers', async () => {
    const got = await as(await administrator('oscar', 'operator'), await victim('victim3.example.test'));
    expect(got).toEqual({
      renew: 403,
      readList: 200,
      changeList: 403,
      register: 201,
      revokeOther: 200,
      revokeOwn: 200,
    });
  });

  it('an admin’s key changes the list, which gives no key any rights; removal of the name ends it', async () => {
    const thief = await administrator('adam', 'admin');
    const got = await as(thief, await victim('victim4.example.test'));
    expect(got).toMatchObject({
      renew: 403,
      readList: 200,
      changeList: 201,
      register: 201,
      revokeOther: 200,
    });
    const profile = { cn: 'mallory', profile: 'admin' };
    const next = await administrator('eva', 'admin');
    expect(await call('/private/nodes', next, 'POST', profile)).toBeGreaterThanOrEqual(400);
    const listed = (await world.tasks.call('list_admins', {})).find((each) => each.includes('CN=eva'));
    const dn = encodeURIComponent(listed ?? '');
    expect(await call(`/private/admins/${dn}`, world.alice, 'DELETE')).toBe(200);
    expect(await call('/private/admins', next)).toBe(403);
  });

  it('the registration seed registers an RA, and has no certificate by itself, nor an administrator’s; a new seed ends it', async () => {
    const csr = requestPem(['mine.example.test']);
    for (const profile of ['server', 'ra', 'admin'])
      expect(await certify({ seed: SEED, csr, profile })).toBe(403);
    const curve_public_key = newCurveKeyPair().publicKey;
    const register = (seed: string, more: object) =>
      outcome(
        world.ca.registration(seed).call('register', {
          cn: 'rogue.example.test',
          csr: requestPem(['rogue.example.test']),
          curve_public_key,
          ...more,
        }),
      );
    expect(await register(SEED, { profile: 'admin' })).toBe('refused');
    expect(await register(SEED, {})).toBe('done');
    await expect(register('another-seed-of-enough-length', {})).rejects.toThrow();
  }, 60_000);
});
