import { Agent } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRaStore } from '../../src/store/index.js';
import { AcmeError, type AuthorizationBody, type OrderBody } from '../../tools/kit/acme-bodies.js';
import type { AcmeClient } from '../../tools/kit/acme-client.js';
import { type Balancer, startBalancer } from '../../tools/kit/balancer.js';
import { createCsr } from '../../tools/kit/csr.js';
import { generateSigningKey } from '../../tools/kit/jws-signer.js';
import { createDatabase } from '../../tools/kit/postgres/database.js';
import { refused } from '../support/refused.js';
import { createWorld, VALIDATED, type World } from '../support/world/world.js';

/** Longer than the lease of a challenge (validation-queue.ts). */
const LEASE_OVER = 16_000;

let database: Awaited<ReturnType<typeof createDatabase>>;
let balancer: Balancer;
let replicas: [World, World, World];
/** Every request on a connection of its own, so that no two need meet the same replica. */
const agent = new Agent({ keepAlive: false });

function replica(beside?: World): Promise<World> {
  return createWorld({
    publicUrl: `https://localhost:${balancer.port}`,
    openStore: async () => ({ store: await openRaStore(database.url), remove: async () => {} }),
    ...(beside && { beside }),
  });
}

beforeAll(async () => {
  database = await createDatabase();
  balancer = await startBalancer();
  const first = await replica();
  replicas = [first, await replica(first), await replica(first)];
  balance();
});
afterAll(async () => {
  agent.destroy();
  for (const each of replicas) await each.close();
  await balancer.close();
  await database.drop();
});

/** From here on, connections go to these replicas in turn; to all when none is named. */
function balance(...indexes: (0 | 1 | 2)[]): void {
  const chosen = indexes.length > 0 ? indexes.map((index) => replicas[index]) : replicas;
  balancer.targets = chosen.map(({ port }) => port);
}

const newClient = () => replicas[0].client({ agent });
async function newAccount(): Promise<AcmeClient> {
  const client = newClient();
  await client.newAccount();
  return client;
}

const solve = async () => {};

describe('three RAs behind a balancer share one directory', () => {
  it('any request of a flow may reach any of them, and no nonce is refused', async () => {
    balance();
    const clients = await Promise.all(Array.from({ length: 6 }, newAccount));
    const chains = await Promise.all(
      clients.map(async (client, index) => {
        const { chain } = await client.issue({ names: [`flow${index}.example.test`], solve });
        await client.revoke(chain);
        return chain;
      }),
    );
    expect(new Set(chains).size).toBe(6);
    expect(clients.map(({ badNonces }) => badNonces)).toEqual([0, 0, 0, 0, 0, 0]);
    for (const { port } of replicas) expect(balancer.connections.get(port)).toBeGreaterThan(10);
  });

  it('§6.5: a nonce of one RA can be used at another, once among all', async () => {
    balance();
    const client = await newAccount();
    balance(0);
    const nonce = await client.newNonce();
    const read = () => client.send(client.accountUrl ?? '', '', { protected: { nonce } });
    balance(1);
    expect((await read()).status).toBe(200);
    for (const index of [0, 1, 2] as const) {
      balance(index);
      expect(await read()).toMatchObject({
        status: 400,
        json: { type: 'urn:ietf:params:acme:error:badNonce' },
      });
    }
  });

  it('§7.3: two simultaneous newAccount requests for one key at two RAs create one account', async () => {
    balance(0, 1);
    const key = generateSigningKey();
    const clients = [0, 1].map(() => replicas[0].client({ agent, key }));
    const answers = await Promise.all(clients.map((client) => client.newAccount()));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 201]);
    expect(clients[0]?.accountUrl).toBe(clients[1]?.accountUrl);
  });

  it('§7.3.5: a key change at one RA takes effect at all of them at once', async () => {
    balance();
    const client = await newAccount();
    for (const index of [0, 1, 2] as const) {
      balance(index);
      await client.updateAccount({});
    }
    balance(0);
    const changed = await client.keyChange();
    // Whichever of the two keys a replica meets first.
    balance(1);
    expect((await refused(client.updateAccount({}))).status).toBe(400);
    for (const index of [2, 1, 0] as const) {
      balance(index);
      expect((await changed.updateAccount({})).status).toBe('valid');
      expect((await refused(client.updateAccount({}))).status).toBe(400);
    }
  });

  it('§7.3.6: an account deactivated at one RA is refused by all of them at once', async () => {
    balance();
    const client = await newAccount();
    for (const index of [0, 1, 2] as const) {
      balance(index);
      await client.updateAccount({});
    }
    balance(2);
    await client.updateAccount({ status: 'deactivated' });
    for (const index of [0, 1] as const) {
      balance(index);
      expect(await refused(client.newOrder(['a.example.test']))).toMatchObject({
        status: 401,
        type: 'unauthorized',
      });
    }
  });

  it('§7.4: an order finalized at two of them at once gets one certificate', async () => {
    balance();
    const [{ authority }] = replicas;
    const issue = authority.issue;
    let issued = 0;
    authority.issue = (request) => {
      issued += 1;
      return issue(request);
    };
    for (let round = 0; round < 5; round += 1) {
      const client = await newAccount();
      const order = await client.newOrder([`race${round}.example.test`]);
      for (const url of order.body.authorizations) {
        const { challenges } = await client.authz(url);
        await client.respond(challenges.find(({ type }) => type === 'http-01')?.url ?? '');
      }
      const csrs = [0, 1].map(() => createCsr([`race${round}.example.test`]).der);
      await client.newNonce().then(() => client.newNonce());
      balance(0, 1);
      const outcomes = await Promise.all(
        csrs.map((csr) => client.finalize(order, csr).catch((error: AcmeError) => error)),
      );
      balance();
      const lost = outcomes.filter((outcome) => outcome instanceof AcmeError);
      for (const error of lost) expect(error.type).toBe('orderNotReady');
      expect(lost.length).toBe(1);
      const final = await client.poll<OrderBody>(order.url, ({ status }) => status !== 'processing');
      expect(final.status).toBe('valid');
    }
    authority.issue = issue;
    expect(issued).toBe(5);
  });

  it('§7.5.1: a challenge response sent to two RAs at once may be validated by both, and has one outcome', async () => {
    const [{ network }] = replicas;
    balance(0);
    const client = await newAccount();
    const order = await client.newOrder(['twice.example.test']);
    const { challenges } = await client.authz(order.body.authorizations[0] ?? '');
    const url = challenges.find(({ type }) => type === 'http-01')?.url ?? '';
    let attempts = 0;
    let begun = () => {};
    let bothTry = () => {};
    const first = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const both = new Promise<void>((resolve) => {
      bothTry = resolve;
    });
    network.outcome = async () => {
      attempts += 1;
      if (attempts === 2) bothTry();
      else begun();
      await both;
      return VALIDATED;
    };
    const answer = client.respond(url);
    await first;
    balance(1);
    await client.respond(url);
    await answer;
    balance(2);
    const authorization = await client.poll<AuthorizationBody>(
      order.body.authorizations[0] ?? '',
      ({ status }) => status !== 'pending',
      { interval: 20 },
    );
    network.outcome = () => VALIDATED;
    expect(attempts).toBe(2);
    expect(authorization).toMatchObject({ status: 'valid' });
    expect(authorization.challenges.filter(({ status }) => status === 'valid')).toHaveLength(1);
  });

  it('§8.2: only one RA at a time validates a challenge, and another continues when that RA dies', async () => {
    balance();
    const [{ network, time }] = replicas;
    const client = await newAccount();
    const order = await client.newOrder(['orphan.example.test']);
    const { challenges } = await client.authz(order.body.authorizations[0] ?? '');
    let trying = 0;
    let attempts = 0;
    let begun = () => {};
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let wake = () => {};
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    network.outcome = async () => {
      trying += 1;
      attempts += 1;
      expect(trying).toBe(1);
      begun();
      // The first one who tries sleeps until all is over.
      if (attempts === 1) await asleep;
      trying -= 1;
      return VALIDATED;
    };
    const holder = await replica(replicas[0]);
    balancer.targets = [holder.port];
    const responding = client.respond(challenges.find(({ type }) => type === 'http-01')?.url ?? '');
    await started;
    await responding;
    balance();
    // Nobody else takes it while its holder may live.
    const early = await replica(replicas[0]);
    expect((await client.authz(order.body.authorizations[0] ?? '')).status).toBe('pending');
    await early.close();
    trying -= 1;
    time.offset += LEASE_OVER;
    const successor = await replica(replicas[0]);
    const ended = await client.poll<{ status: string }>(
      order.body.authorizations[0] ?? '',
      ({ status }) => status !== 'pending',
      { interval: 20 },
    );
    expect(ended.status).toBe('valid');
    expect(attempts).toBe(2);
    network.outcome = () => VALIDATED;
    wake();
    await holder.close();
    expect(await client.authz(order.body.authorizations[0] ?? '')).toEqual(ended);
    await successor.close();
  });
});
