import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CaaRequest } from '../../src/va/types.js';
import type { AuthorizationBody } from '../../tools/kit/acme-bodies.js';
import type { AcmeClient } from '../../tools/kit/acme-client.js';
import { createCsr } from '../../tools/kit/csr.js';
import { refused } from '../support/refused.js';
import { createWorld, type World } from '../support/world/world.js';

const HOUR = 3600_000;

describe('RFC 8659 §3: CAA is queried again at finalize when the check is older than eight hours', () => {
  let world: World;
  let client: AcmeClient;
  const asked: CaaRequest[] = [];
  beforeAll(async () => {
    world = await createWorld({ policy: { preauthorization: true } });
    client = await world.account();
  });
  beforeEach(() => {
    asked.length = 0;
    world.caa.answer = (request) => {
      asked.push(request);
      return null;
    };
  });
  afterAll(() => world.close());

  const forbid = () => {
    world.caa.answer = (request) => {
      asked.push(request);
      return {
        type: 'caa',
        detail: `CAA records of ${request.identifier.value} forbid issuance`,
        retryable: false,
      };
    };
  };
  const ready = async (names: string[]) => {
    const order = await client.newOrder(names);
    for (const url of order.body.authorizations) {
      const { challenges, status } = await client.authz(url);
      if (status === 'pending') await client.respond(challenges.at(-1)?.url ?? '');
    }
    return { url: order.url, body: await client.order(order.url) };
  };
  const finalize = async (order: Awaited<ReturnType<typeof ready>>, names: string[]) =>
    client.finalize(order, createCsr(names).der);

  it('and not before', async () => {
    const names = ['fresh.example.test'];
    const order = await ready(names);
    world.time.offset += 8 * HOUR - 60_000;
    forbid();
    expect((await finalize(order, names)).status).toBe('valid');
    expect(asked).toEqual([]);
  });

  it('for each name and its own challenge; records that forbid leave the order ready', async () => {
    const names = ['old.example.test', '*.old.example.test'];
    const order = await ready(names);
    world.time.offset += 8 * HOUR;
    forbid();
    expect(await refused(finalize(order, names))).toMatchObject({ status: 403, type: 'caa' });
    expect((await client.order(order.url)).status).toBe('ready');
    const identifier = { type: 'dns', value: 'old.example.test' };
    expect(asked).toEqual([
      { identifier, wildcard: false, type: 'tls-alpn-01', accountUris: expect.any(Function) },
      { identifier, wildcard: true, type: 'dns-01', accountUris: expect.any(Function) },
    ]);
    world.caa.answer = () => null;
    expect((await finalize(order, names)).status).toBe('valid');
  });

  it('a pre-authorization proven days ago is checked on every order', async () => {
    const name = 'ahead.example.test';
    const { newAuthz = '' } = await client.directory();
    const made = await client.post<AuthorizationBody>(newAuthz, { identifier: { type: 'dns', value: name } });
    await client.respond(made.json.challenges[0]?.url ?? '');
    expect((await finalize(await ready([name]), [name])).status).toBe('valid');
    expect(asked).toEqual([]);
    world.time.offset += 24 * HOUR;
    expect((await finalize(await ready([name]), [name])).status).toBe('valid');
    expect(asked).toHaveLength(1);
    forbid();
    expect(await refused(finalize(await ready([name]), [name]))).toMatchObject({ status: 403, type: 'caa' });
  });

  it('a check that is in the future, by a clock that was set back, counts as old', async () => {
    const names = ['back.example.test'];
    const order = await ready(names);
    world.time.offset -= HOUR;
    await finalize(order, names);
    expect(asked).toHaveLength(1);
  });
});
