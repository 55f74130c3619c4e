import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AcmeClient } from '../../../tools/kit/acme-client.js';
import { refused } from '../../support/refused.js';
import { JoinedWorld } from '../../support/world/joined.js';

let world: JoinedWorld;
const clients: AcmeClient[] = [];
beforeAll(async () => {
  world = await new JoinedWorld({ policy: { denied: ['denied.plant.lan'] } }).start();
});
afterAll(async () => {
  for (const client of clients) client.close();
  await world.close();
});

const client = () => {
  const made = new AcmeClient({ directoryUrl: `${world.base}/acme/directory`, ca: world.root });
  clients.push(made);
  return made;
};
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
const bind = async (node: any) => {
  const made = client();
  await made.newAccount({ externalAccount: { kid: node.key_id, macKey: node.hmac_key } });
  return made;
};
const idOf = (each: AcmeClient) => each.accountUrl?.split('/').at(-1) ?? '';
const get = async (path: string) => (await world.ask(path, world.alice)).json;
const post = async (path: string, body: object) =>
  (await world.ask(path, world.alice, { method: 'POST', body })).json;
const ready = async (each: AcmeClient, names: string[]) => (await each.newOrder(names)).body.status;

describe('an ACME account bound to a node', () => {
  it('orders only the names of the node, and the refusal lists every other name', async () => {
    const node = await world.register({
      cn: 'press-17',
      names: ['press-17.plant.lan', '*.press.plant.lan', '10.0.4.0/24', 'denied.plant.lan'].slice(0, 3),
      profile: 'webapp',
    });
    expect(node).toMatchObject({
      cn: 'press-17',
      names: ['press-17.plant.lan', '*.press.plant.lan', '10.0.4.0/24'],
      patterns: ['*.press.plant.lan', '10.0.4.0/24'],
      sans: [{ type: 'DNS', value: 'press-17.plant.lan' }],
    });
    for (const each of ['certbot', 'lego', 'acme.sh', 'caddy', 'traefik', 'cert-manager']) {
      expect(node.clients[each]).toContain(node.hmac_key);
      expect(node.clients[each]).toContain(node.key_id);
    }
    const bound = await bind(node);
    for (const names of [
      ['press-17.plant.lan'],
      ['a.press.plant.lan'],
      ['*.press.plant.lan'],
      ['10.0.4.9', 'press-17.plant.lan'],
    ]) {
      expect(await ready(bound, names)).toBe('pending');
    }
    const problem = await refused(
      bound.newOrder(['press-17.plant.lan', 'a.b.press.plant.lan', '10.0.5.1', 'press-17']),
    );
    expect(problem.type).toBe('rejectedIdentifier');
    expect(problem.problem.subproblems?.map(({ identifier }) => identifier?.value)).toEqual([
      'a.b.press.plant.lan',
      '10.0.5.1',
      'press-17',
    ]);
    expect((await refused(bound.newOrder(['press.plant.lan']))).problem.detail).toContain('press.plant.lan');
    expect((await get(`/private/nodes/PRESS-17`)).data).toMatchObject({
      cn: 'press-17',
      accounts: [{ id: idOf(bound), status: 'valid' }],
    });
    expect((await get('/private/accounts?node=press-17')).data.accounts).toMatchObject([
      { id: idOf(bound), node: 'press-17', key_id: node.key_id },
    ]);
  });

  it('orders with the profile of the node by default, and with no other', async () => {
    const node = await world.register({ cn: 'profiled', names: ['profiled.plant.lan'], profile: 'webapp' });
    const bound = await bind(node);
    expect((await bound.newOrder(['profiled.plant.lan'])).body).toMatchObject({ profile: 'webapp' });
    expect((await refused(bound.newOrder(['profiled.plant.lan'], { profile: 'server' }))).type).toBe(
      'invalidProfile',
    );
  });

  it('is also restricted by the operator’s lists, at registration', async () => {
    const answer = await post('/private/nodes', { cn: 'n', names: ['denied.plant.lan'] });
    expect(answer).toMatchObject({ code: 'forbidden' });
  });

  it('needs no challenge where they are waived, which is for explicit names only', async () => {
    const node = await world.register({ cn: 'waived', names: ['waived.plant.lan'], waive_challenges: true });
    const bound = await bind(node);
    const { chain } = await bound.issue({
      names: ['waived.plant.lan'],
      solve: () => Promise.reject(new Error('asked')),
    });
    expect(chain).toContain('BEGIN CERTIFICATE');
    expect((await get('/private/certificates?node=waived')).data.certificates).toMatchObject([
      { cn: 'waived.plant.lan', account: idOf(bound) },
    ]);
    for (const names of [['*.x.plant.lan'], ['a.plant.lan', '10.0.0.0/8']]) {
      const answer = await post('/private/nodes', { cn: 'n', names, waive_challenges: true });
      expect(answer).toMatchObject({ code: 'invalidRequest' });
    }
  });

  it('is the only one if the key works once; an expired key binds no account', async () => {
    const once = await world.register({ cn: 'once', names: ['once.plant.lan'], once: true });
    await bind(once);
    expect((await refused(bind(once))).type).toBe('unauthorized');
    const expires = new Date(Date.now() + 3600_000).toISOString();
    const soon = await world.register({ cn: 'soon', names: ['soon.plant.lan'], expires_at: expires });
    world.time.offset = 2 * 3600_000;
    expect((await refused(bind(soon))).type).toBe('unauthorized');
    world.time.offset = 0;
    await bind(soon);
  });

  it('feels a change at its next order and at finalize', async () => {
    const node = await world.register({ cn: 'changed', names: ['old.plant.lan'], waive_challenges: true });
    const bound = await bind(node);
    expect(await ready(bound, ['old.plant.lan'])).toBe('ready');
    const changed = await post('/private/nodes/changed/change', { names: ['new.plant.lan'] });
    expect(changed.data.names).toEqual(['new.plant.lan']);
    expect((await refused(bound.newOrder(['old.plant.lan']))).type).toBe('rejectedIdentifier');
    expect(await ready(bound, ['new.plant.lan'])).toBe('ready');
    const rekeyed = await post('/private/nodes/changed/change', { new_key: true });
    expect((await refused(bind(node))).type).toBe('unauthorized');
    await bind(rekeyed.data);
  });

  it('ends with the node, with its certificates, in one step', async () => {
    const node = await world.register({ cn: 'gone', names: ['gone.plant.lan'], waive_challenges: true });
    const bound = await bind(node);
    await bound.issue({ names: ['gone.plant.lan'], solve: () => Promise.reject(new Error('asked')) });
    const removed = await world.ask('/private/nodes/gone', world.alice, { method: 'DELETE' });
    expect(removed.json.data.revoked).toHaveLength(1);
    expect((await refused(bound.newOrder(['gone.plant.lan']))).status).toBe(401);
    expect((await refused(bind(node))).type).toBe('unauthorized');
    expect((await get(`/private/accounts/${idOf(bound)}`)).data.status).toBe('revoked');
  });

  it('ends when the node is registered again, which revokes or counts the certificates of the lost machine', async () => {
    const node = await world.register({ cn: 'lost', names: ['lost.plant.lan'], waive_challenges: true });
    const bound = await bind(node);
    await bound.issue({ names: ['lost.plant.lan'], solve: () => Promise.reject(new Error('asked')) });
    const body = { cn: 'lost', names: ['lost.plant.lan'], replace: true };
    const anew = await world.register(body);
    expect(anew).toMatchObject({ revoked: [], still_good: 1 });
    expect((await refused(bound.newOrder(['lost.plant.lan']))).status).toBe(401);
    expect(await world.register({ ...body, revoke: true })).toMatchObject({
      revoked: [expect.any(String)],
      still_good: 0,
    });
  });

  it('enrols by seed too, for its explicit names', async () => {
    const node = await world.enrolled({ cn: 'both', names: ['both.plant.lan', '*.both.plant.lan'] });
    const shown = (await get(`/private/certificates/${node.serial}`)).data;
    expect(shown).toMatchObject({
      cn: 'both.plant.lan',
      node: 'both',
      sans: [{ type: 'DNS', value: 'both.plant.lan' }],
    });
  });

  it('has a key that the database does not reveal', async () => {
    const node = await world.register({ cn: 'sealed', names: ['sealed.plant.lan'] });
    const kept = JSON.stringify(await world.store.getNode('sealed'));
    for (const form of ['base64url', 'base64', 'hex'] as const) {
      expect(kept).not.toContain(Buffer.from(node.hmac_key, 'base64url').toString(form));
    }
    expect(kept).not.toContain(createHash('sha256').update(node.hmac_key).digest('base64url'));
  });

  it.each([
    [['10.0.0.0/33'], 'names[0]'],
    [['a.lan', '10.0.0/8'], 'names[1]'],
    [['*.'], 'names[0]'],
    [['*.*.lan'], 'names[0]'],
  ])('is not for %j', async (names, field) => {
    expect(await post('/private/nodes', { cn: 'bad', names })).toMatchObject({
      code: 'invalidRequest',
      field,
    });
  });
});

describe('UPKI_RA_EAB_REQUIRED', () => {
  it('refuses every client that is not a node, also accounts from before', async () => {
    const closed = await new JoinedWorld({ policy: { bindingRequired: true } }).start();
    const stranger = new AcmeClient({ directoryUrl: `${closed.base}/acme/directory`, ca: closed.root });
    expect((await refused(stranger.newAccount())).type).toBe('externalAccountRequired');
    stranger.close();
    await closed.close();
  });
});
