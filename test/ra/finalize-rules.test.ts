import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AcmeClient } from '../../tools/kit/acme-client.js';
import { createCsr } from '../../tools/kit/csr.js';
import { refused } from '../support/refused.js';
import { createWorld, type World } from '../support/world/world.js';

let world: World;
let client: AcmeClient;
const issuedFor: string[] = [];
beforeAll(async () => {
  world = await createWorld();
  const { issue } = world.authority;
  world.authority.issue = async (request) => {
    const issued = await issue(request);
    issuedFor.push(request.orderId);
    return issued;
  };
});
afterAll(() => world.close());

const idOf = (url: string) => url.split('/').at(-1) ?? '';

async function readyOrder(name: string) {
  client = await world.account();
  const order = await client.newOrder([name]);
  for (const url of order.body.authorizations) {
    const { challenges } = await client.authz(url);
    await client.respond(challenges[0]?.url ?? '');
  }
  const csr = createCsr([name]).der;
  return { order, id: idOf(order.url), finalize: () => client.finalize(order, csr) };
}

/** Changes a rule for the duration of some work. */
async function under<T>(rules: Partial<World['policy']>, work: () => Promise<T>): Promise<T> {
  const before = { ...world.policy };
  Object.assign(world.policy, rules);
  try {
    return await work();
  } finally {
    Object.assign(world.policy, before);
  }
}

describe('Rules that changed after an order was made', () => {
  it.each<[string, Partial<World['policy']>, string]>([
    ['the name is denied now', { denied: ['test'] }, 'rejectedIdentifier'],
    ['the name is not among the allowed ones any more', { allowed: ['lan'] }, 'rejectedIdentifier'],
    ['accounts must be bound now', { bindingRequired: true }, 'externalAccountRequired'],
  ])('count at finalize: %s, and the order stays ready', async (_, rules, type) => {
    const { order, finalize } = await readyOrder('a.example.test');
    expect(await under(rules, () => refused(finalize()))).toMatchObject({ type });
    expect((await client.order(order.url)).status).toBe('ready');
    expect((await finalize()).status).toBe('valid');
  });
});

describe('An order that waits for the CA', () => {
  /** The order after the CA came back, and how many certificates the CA has made for it. */
  async function afterTheWait(id: string) {
    world.ca.away = false;
    const outcome = async () => {
      const found = await world.store.getOrder(id);
      return found?.order.error ?? found?.order.certificateId ?? null;
    };
    await expect.poll(outcome, { timeout: 15_000 }).not.toBeNull();
    const { error, certificateId } = (await world.store.getOrder(id))?.order ?? {};
    return { error: error?.type, certificateId, issued: issuedFor.filter((each) => each === id).length };
  }

  async function waiting(name: string) {
    const made = await readyOrder(name);
    world.ca.away = true;
    expect(await refused(made.finalize())).toMatchObject({ status: 503 });
    return made;
  }

  it('gets its certificate when the CA is back', async () => {
    const { id } = await waiting('b.example.test');
    expect(await afterTheWait(id)).toEqual({ error: undefined, certificateId: id, issued: 1 });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['was stopped', () => world.ra.accounts.stop(idOf(client.accountUrl ?? ''))],
    ['was deactivated (§7.3.6)', () => client.post(client.accountUrl ?? '', { status: 'deactivated' })],
  ])('gets none when its account %s meanwhile', async (_, end) => {
    const { id } = await waiting('c.example.test');
    await end();
    const error = 'urn:ietf:params:acme:error:unauthorized';
    expect(await afterTheWait(id)).toEqual({ error, certificateId: null, issued: 0 });
  });

  it('gets none when its name was denied meanwhile', async () => {
    const { id } = await waiting('d.example.test');
    const outcome = await under({ denied: ['d.example.test'] }, () => afterTheWait(id));
    const error = 'urn:ietf:params:acme:error:rejectedIdentifier';
    expect(outcome).toEqual({ error, certificateId: null, issued: 0 });
  });

  it('keeps a certificate that the CA made without being heard, so that it can be revoked', async () => {
    const { id } = await waiting('e.example.test');
    const order = (await world.store.getOrder(id))?.order;
    if (!order?.csr) throw new Error('the order has no CSR');
    world.ca.away = false;
    await world.authority.issue({ ...order, orderId: id, csr: order.csr });
    await world.ra.accounts.stop(idOf(client.accountUrl ?? ''));
    expect(await afterTheWait(id)).toMatchObject({ error: undefined, certificateId: id });
  });
});
