import { X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HOUR } from '../../../src/lib/time.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { refused } from '../../support/refused.js';
import { JoinedWorld } from '../../support/world/joined.js';

let world: JoinedWorld;
beforeAll(async () => {
  world = await new JoinedWorld({ policy: { denied: ['late-denied.test'] } }).start();
});
afterEach(() => {
  world.time.offset = 0;
});
afterAll(() => world.close());

const noChallenge = () => Promise.reject(new Error('a challenge was asked for'));
const remove = (cn: string) => world.ask(`/private/nodes/${cn}`, world.alice, { method: 'DELETE' });

/** Each name of a new order with the status of its authorization and how many challenges it has. */
async function ordered(client: AcmeClient, names: string[]) {
  const { body, url } = await client.newOrder(names);
  const authorizations = await Promise.all(body.authorizations.map((each) => client.authz(each)));
  const states = authorizations.map(({ identifier, wildcard, status, challenges }) => [
    `${wildcard ? '*.' : ''}${identifier.value}`,
    status,
    challenges.length,
  ]);
  return { url, status: body.status, states };
}

const statusOf = async (client: AcmeClient, name: string) => (await ordered(client, [name])).status;

describe('a node’s client certificate on new-order', () => {
  it('authorizes the names it is registered with at once, without a challenge, and a certificate follows', async () => {
    const node = await world.enrolled({
      cn: 'multi.example.test',
      sans: [
        'www.multi.example.test',
        '*.multi.example.test',
        '192.0.2.7',
        '2001:db8::7',
        'a@multi.example.test',
      ],
    });
    const { client } = await world.acme(node);
    const names = ['multi.example.test', '*.multi.example.test', '192.0.2.7', '2001:db8:0::7'];
    expect(await ordered(client, names)).toMatchObject({
      status: 'ready',
      states: [
        ['multi.example.test', 'valid', 0],
        ['*.multi.example.test', 'valid', 0],
        ['192.0.2.7', 'valid', 0],
        ['2001:db8::7', 'valid', 0],
      ],
    });
    const { chain } = await client.issue({ names, solve: noChallenge });
    expect(new X509Certificate(chain).subjectAltName).toContain('DNS:*.multi.example.test');
  });

  it('leaves every other name of the order to challenges', async () => {
    const node = await world.enrolled({ cn: 'strict.example.test', sans: ['*.wild.example.test'] });
    const { client } = await world.acme(node);
    const others = [
      'other.example.test',
      'sub.strict.example.test',
      '*.strict.example.test',
      'wild.example.test',
      'a.wild.example.test',
      '192.0.2.8',
    ];
    const { status, states } = await ordered(client, ['strict.example.test', ...others]);
    expect(status).toBe('pending');
    expect(states[0]).toEqual(['strict.example.test', 'valid', 0]);
    expect(states.slice(1).map(([name, state]) => [name, state])).toEqual(
      others.map((name) => [name, 'pending']),
    );
    for (const [, , challenges] of states.slice(1)) expect(challenges).toBeGreaterThan(0);
  });

  it('proves nothing for a client without its key, nor for another account later', async () => {
    const node = await world.enrolled({ cn: 'mine.example.test' });
    const { client } = await world.acme(node);
    expect(await statusOf(client, 'mine.example.test')).toBe('ready');
    const { client: stranger } = await world.acme(null);
    expect(await statusOf(stranger, 'mine.example.test')).toBe('pending');
  });

  it('is not accepted from a header', async () => {
    await world.enrolled({ cn: 'header.example.test' });
    const { client } = await world.acme(null);
    const { newOrder } = await client.directory();
    const payload = { identifiers: [{ type: 'dns', value: 'header.example.test' }] };
    const answer = await client.post(newOrder, payload, {
      headers: { 'x-ssl-client-verify': 'SUCCESS', 'x-ssl-client-s-dn': '/CN=header.example.test' },
    });
    expect(answer.json).toMatchObject({ status: 'pending' });
  });

  it('does nothing when it is not the node’s own, though of its name and profile', async () => {
    await world.enrolled({ cn: 'same.example.test' });
    const { client } = await world.acme(
      await world.holder('same.example.test', 'webapp', { names: ['same.example.test'] }),
    );
    expect(await statusOf(client, 'same.example.test')).toBe('pending');
  });

  it('has no effect once it is revoked, also on an open connection', async () => {
    const node = await world.enrolled({ cn: 'revoked.example.test' });
    const { client } = await world.acme(node);
    expect(await statusOf(client, 'revoked.example.test')).toBe('ready');
    await world.tasks.call('revoke_serial', { serial: `0x${node.serial}` });
    const connections = world.connections;
    expect(await statusOf(client, 'revoked.example.test')).toBe('pending');
    expect(world.connections).toBe(connections);
  });

  it('has no effect once the node is removed, also on an open connection; a ready order ends', async () => {
    const node = await world.enrolled({ cn: 'removed.example.test' });
    const { client } = await world.acme(node);
    const before = await client.newOrder(['removed.example.test']);
    expect(before.body.status).toBe('ready');
    await remove('removed.example.test');
    const connections = world.connections;
    expect((await client.order(before.url)).status).toBe('invalid');
    expect(await statusOf(client, 'removed.example.test')).toBe('pending');
    const [url = ''] = before.body.authorizations;
    expect((await client.authz(url)).status).toBe('revoked');
    expect(world.connections).toBe(connections);
  });

  it('of an earlier registration of the name proves nothing for the later one', async () => {
    const node = await world.enrolled({ cn: 'reborn.example.test' });
    const { client } = await world.acme(node);
    await remove('reborn.example.test');
    await world.enrolled({ cn: 'reborn.example.test' });
    expect(await statusOf(client, 'reborn.example.test')).toBe('pending');
  });

  it('proves what the node is registered with now, and an order ready by an earlier registration ends', async () => {
    const node = await world.enrolled({ cn: 'changed.example.test', sans: ['old.example.test'] });
    const { client } = await world.acme(node);
    const before = await client.newOrder(['old.example.test']);
    await world.register({ cn: 'changed.example.test', sans: ['new.example.test'], replace: true });
    expect((await client.order(before.url)).status).toBe('invalid');
    expect(await statusOf(client, 'old.example.test')).toBe('pending');
    expect(await statusOf(client, 'new.example.test')).toBe('ready');
  });

  it('counts for one order: its authorizations are no pre-authorizations of the account', async () => {
    const node = await world.enrolled({ cn: 'once.example.test' });
    const { client } = await world.acme(node);
    expect(await statusOf(client, 'once.example.test')).toBe('ready');
    await world.tasks.call('revoke_serial', { serial: `0x${node.serial}` });
    expect(await statusOf(client, 'once.example.test')).toBe('pending');
  });

  it('gets an authorization that may be deactivated (RFC 8555 §7.5.2) and expires with the order', async () => {
    const node = await world.enrolled({ cn: 'ends.example.test' });
    const { client } = await world.acme(node);
    const [first, second] = [
      await client.newOrder(['ends.example.test']),
      await client.newOrder(['ends.example.test']),
    ];
    await client.post(first.body.authorizations[0] ?? '', { status: 'deactivated' });
    expect((await client.order(first.url)).status).toBe('invalid');
    world.time.offset = 8 * 24 * HOUR;
    expect((await client.authz(second.body.authorizations[0] ?? '')).status).toBe('expired');
  });

  it('does not lift what the operator denies', async () => {
    const { client } = await world.acme(await world.enrolled({ cn: 'polite.example.test' }));
    const error = await refused(client.newOrder(['polite.example.test', 'late-denied.test']));
    expect(error.type).toBe('rejectedIdentifier');
  });

  it('cannot be used by a node whose profile is none of a TLS client (RFC 5280 §4.2.1.12)', async () => {
    const node = await world.enrolled({ cn: 'server.example.test', profile: 'server' });
    const { client } = await world.acme(node);
    expect(await statusOf(client, 'server.example.test')).toBe('pending');
  });

  it('may be a renewed one', async () => {
    const node = await world.enrolled({ cn: 'renews.example.test' });
    const { client } = await world.acme(await world.renewed(node));
    expect(await statusOf(client, 'renews.example.test')).toBe('ready');
  });
});

describe('with UPKI_RA_NODE_PREAUTHORIZATION off', () => {
  it('a node must prove its names by challenges, like any client', async () => {
    const closed = await new JoinedWorld({ preauthorization: false }).start();
    try {
      const { client } = await closed.acme(await closed.enrolled({ cn: 'off.example.test' }));
      expect(await statusOf(client, 'off.example.test')).toBe('pending');
    } finally {
      await closed.close();
    }
  });
});

describe('while the CA is away', () => {
  it('a node’s order is 503, because its certificate cannot be checked; other orders continue', async () => {
    const lonely = await new JoinedWorld().start();
    try {
      const node = await lonely.acme(await lonely.enrolled({ cn: 'alone.example.test' }));
      const stranger = await lonely.acme(null);
      await statusOf(stranger.client, 'x.example.test');
      await lonely.ca.stop();
      const error = await refused(node.client.newOrder(['alone.example.test']));
      expect([error.status, error.headers['retry-after']]).toEqual([503, '5']);
      expect(await statusOf(stranger.client, 'x.example.test')).toBe('pending');
    } finally {
      await lonely.close();
    }
  });
});
