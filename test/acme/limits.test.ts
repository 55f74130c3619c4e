import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY } from '../../src/lib/time.js';
import { refused } from '../support/refused.js';
import { createWorld, VALIDATED, type World } from '../support/world/world.js';

let world: World;
beforeAll(async () => {
  world = await createWorld({ limited: { accounts: 4, orders: 3, names: 20, failures: 2, duplicates: 2 } });
});
afterAll(() => world.close());

describe('§6.6: limits', () => {
  it('answer rateLimited with 429 and Retry-After, and never affect clients whose orders complete', async () => {
    const client = await world.account();
    for (let each = 0; each < 8; each += 1) {
      await client.issue({ names: [`${each}.example.test`], solve: async () => {} });
    }
    for (let each = 0; each < 3; each += 1) await client.newOrder(['open.example.test']);
    const error = await refused(client.newOrder(['open.example.test']));
    expect(error).toMatchObject({ status: 429, type: 'rateLimited' });
    expect(Number(error.headers['retry-after'])).toBeGreaterThan(DAY / 3 / 1000 - 60);
    expect(error.headers['replay-nonce']).toBeDefined();
  });

  it('stop a client that orders the same certificate again and again', async () => {
    const client = await world.account();
    const issue = () => client.issue({ names: ['loop.example.test'], solve: async () => {} });
    await issue();
    await issue();
    expect(await refused(issue())).toMatchObject({ status: 429, type: 'rateLimited' });
    await client.issue({ names: ['other.example.test'], solve: async () => {} });
  });

  it('stop a client whose name fails again and again, and name it in a subproblem', async () => {
    const client = await world.account();
    world.network.outcome = () => ({
      ok: false,
      type: 'connection',
      detail: 'nobody',
      retryable: false,
      attempts: [],
    });
    for (let each = 0; each < 2; each += 1) {
      await expect(
        client.issue({ names: ['hopeless.example.test'], solve: async () => {} }),
      ).rejects.toThrow();
    }
    world.network.outcome = () => VALIDATED;
    const error = await refused(client.newOrder(['hopeless.example.test']));
    expect(error).toMatchObject({ status: 429, type: 'rateLimited' });
    expect(error.problem.subproblems).toMatchObject([{ identifier: { value: 'hopeless.example.test' } }]);
  });

  it('stop one address from creating accounts, but existing accounts are still found', async () => {
    const clients = [];
    for (let each = 0; ; each += 1) {
      const client = world.client();
      const made = await client.newAccount().catch((error) => error);
      if (made instanceof Error) {
        expect(made).toMatchObject({ status: 429, type: 'rateLimited' });
        break;
      }
      clients.push(client);
      expect(each).toBeLessThan(5);
    }
    expect((await clients[0]?.newAccount({ onlyReturnExisting: true }))?.status).toBe(200);
  });
});

describe('accounts that never got a certificate', () => {
  it('are deleted once they have nothing left, and their clients get accountDoesNotExist; accounts that got one stay', async () => {
    const unused = await world.account().catch(() => null);
    expect(unused).toBeNull(); // the address has no more
    const other = await createWorld();
    const idle = await other.account();
    const open = await other.account();
    const order = await open.newOrder(['open.example.test']);
    const used = await other.account();
    await used.issue({ names: ['used.example.test'], solve: async () => {} });
    const purged = await other.store.purgeAccounts(Date.now() + 1000, 100);
    expect(purged).toHaveLength(1);
    const fresh = other.client({ key: idle.key });
    expect(await refused(fresh.newAccount({ onlyReturnExisting: true }))).toMatchObject({
      type: 'accountDoesNotExist',
    });
    expect((await open.order(order.url)).status).toBe('pending');
    expect((await used.newOrder(['again.example.test'])).body.status).toBe('pending');
    await other.close();
  });
});
