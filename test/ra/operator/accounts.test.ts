import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refused } from '../../support/refused.js';
import { JoinedWorld } from '../../support/world/joined.js';

let world: JoinedWorld;
beforeAll(async () => {
  world = await new JoinedWorld({ policy: { denied: ['forbidden.test'] } }).start();
});
afterAll(() => world.close());

const get = async (path: string) => (await world.ask(path, world.alice)).json;
const stop = (id: string, body: object) =>
  world.ask(`/private/accounts/${id}/stop`, world.alice, { method: 'POST', body });
const idOf = (url: string | null) => url?.split('/').at(-1) ?? '';

describe('private/accounts', () => {
  it('lists accounts newest first, by status, and shows one with use, orders and failures', async () => {
    const first = await world.acme(null);
    const second = await world.acme(null);
    await second.client.newOrder(['a.test']);
    await refused(second.client.newOrder(['x.forbidden.test', 'b.test']));
    await world.flushUses();
    const { accounts } = (await get('/private/accounts?status=valid')).data;
    const ids = accounts.map(({ id }: { id: string }) => id);
    expect(ids.slice(0, 2)).toEqual([idOf(second.client.accountUrl), idOf(first.client.accountUrl)]);
    const shown = (await get(`/private/accounts/${ids[0]}`)).data;
    expect(shown).toMatchObject({
      status: 'valid',
      orders: 1,
      used_from: '127.0.0.1',
      failures: [{ name: 'x.forbidden.test', step: 'order', account: ids[0] }],
    });
    expect(shown.latest_orders).toHaveLength(1);
    expect(Date.now() - Date.parse(shown.used_at)).toBeLessThan(60_000);
    const { failures } = (await get('/private/failures?name=X.forbidden.test')).data;
    expect(failures).toEqual([expect.objectContaining({ why: expect.stringContaining('x.forbidden.test') })]);
  });

  it('shows every failure of a name and an account, however few fit a page', async () => {
    const [first, second] = [await world.acme(null), await world.acme(null)];
    await refused(first.client.newOrder(['paged.forbidden.test']));
    await refused(second.client.newOrder(['paged.forbidden.test']));
    const account = idOf(first.client.accountUrl);
    const path = `/private/failures?name=paged.forbidden.test&account=${account}&limit=1`;
    const { failures, next } = (await get(path)).data;
    expect(failures).toEqual([]);
    expect((await get(`${path}&cursor=${next}`)).data.failures).toEqual([
      expect.objectContaining({ account }),
    ]);
  });

  it('stops an account: its next request is refused, and with its certificates these are revoked', async () => {
    const node = await world.enrolled({ cn: 'stopped.test' });
    const { client } = await world.acme(node);
    await client.issue({
      names: ['stopped.test'],
      solve: () => Promise.reject(new Error('asked')),
    });
    const id = idOf(client.accountUrl);
    const answer = await stop(id, {
      revoke_certificates: true,
      reason: 'privilegeWithdrawn',
      comment: 'left',
    });
    expect(answer.json.data).toMatchObject({ id, status: 'revoked', revoked: [expect.any(String)] });
    expect(await refused(client.newOrder(['stopped.test']))).toMatchObject({
      status: 401,
      type: 'unauthorized',
    });
    const [serial] = answer.json.data.revoked;
    expect((await get(`/private/certificates/${serial}`)).data).toMatchObject({
      state: 'revoked',
      reason: 'privilegeWithdrawn',
      account: id,
      node: 'stopped.test',
      proofs: [{ name: 'stopped.test', by: 'node' }],
    });
    const certificate = await world.store.findCertificateBySerial(serial);
    const info = await fetchRenewal(certificate?.ariId ?? '');
    expect(Date.parse(info.suggestedWindow.end)).toBeLessThan(Date.now());
    expect((await stop(id, {})).json.data).toMatchObject({ status: 'revoked', revoked: [] });
  });

  it('finds the accounts of a node whose name has upper case', async () => {
    const body = { cn: 'Alice', profile: 'user' };
    expect((await world.ask('/private/nodes', world.alice, { method: 'POST', body })).status).toBe(201);
    expect((await get('/private/accounts?node=Alice')).data).toEqual({ accounts: [], next: null });
  });

  it('knows no account of another id', async () => {
    expect((await stop('none', {})).status).toBe(404);
    expect((await get('/private/accounts/none')).code).toBe('notFound');
    expect((await get('/private/accounts?node=none')).code).toBe('notFound');
  });

  const fetchRenewal = async (ariId: string) => (await world.ask(`/../../acme/renewal-info/${ariId}`)).json;
});
