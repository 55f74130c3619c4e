import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHALLENGE_TYPES } from '../../../src/model/facts.js';
import type { AcmeClient } from '../../../tools/kit/acme-client.js';
import { createCsr } from '../../../tools/kit/csr.js';
import { refused } from '../../support/refused.js';
import { createWorld, VALIDATED, type World } from '../../support/world/world.js';

const ISSUERS = ['pki.plant.test', 'ra.test'];
let world: World;
let client: AcmeClient;
beforeAll(async () => {
  world = await createWorld({
    settings: { persistIssuers: async () => ISSUERS },
    policy: { challenges: CHALLENGE_TYPES, preauthorization: true, retryDelays: [1, 1] },
  });
  client = await world.account();
});
afterAll(() => world.close());

const challengeOf = async (name: string, type: string, by = client) => {
  const order = await by.newOrder([name]);
  const url = order.body.authorizations[0] ?? '';
  const { challenges } = await by.authz(url);
  return { order, url, challenge: challenges.find((each) => each.type === type), challenges };
};

describe('draft-ietf-acme-dns-persist', () => {
  it('the challenge contains the content of the record, in both spellings, and no token', async () => {
    const { challenge, url } = await challengeOf('a.example.test', 'dns-persist-01');
    expect(challenge).toEqual({
      type: 'dns-persist-01',
      url: `${url.replace('/authz/', '/challenge/')}/dns-persist-01`,
      status: 'pending',
      accounturi: client.accountUrl,
      'issuer-domain-names': ISSUERS,
      issuerDomainNames: ISSUERS,
    });
    const alone = await client.post(challenge?.url ?? '', '');
    expect(alone.json).toEqual(challenge);
  });

  it('is offered for wildcards, and not for addresses', async () => {
    const types = async (name: string) => (await challengeOf(name, '')).challenges.map(({ type }) => type);
    expect(await types('*.b.example.test')).toEqual(['dns-01', 'dns-account-01', 'dns-persist-01']);
    expect(await types('192.0.2.7')).not.toContain('dns-persist-01');
  });

  it('the directory has the members needed to make a record in advance', async () => {
    const { meta } = (await client.directory()) as unknown as { meta: Record<string, unknown> };
    expect(meta).toMatchObject({
      accountHashPrefix: `${world.base}/acme/account-hash/`,
      issuerDomainNames: ISSUERS,
      keyRotationPeriod: 0,
    });
  });

  it('an authorization expires when its proof may no longer be relied on', async () => {
    const until = Math.floor(Date.now() / 1000) * 1000 + 90_000;
    world.network.outcome = () => ({ ...VALIDATED, until });
    const { challenge, url, order } = await challengeOf('c.example.test', 'dns-persist-01');
    await client.respond(challenge?.url ?? '');
    const authorization = await client.authz(url);
    expect(authorization.status).toBe('valid');
    expect(Date.parse(authorization.expires ?? '')).toBe(until);
    world.time.offset = 91_000;
    try {
      const csr = createCsr(['c.example.test']).der;
      expect(await refused(client.finalize(order, csr))).toMatchObject({ type: 'orderNotReady' });
    } finally {
      world.time.offset = 0;
      world.network.outcome = () => VALIDATED;
    }
  });

  it('an authorization never expires later than the policy allows', async () => {
    world.network.outcome = () => ({ ...VALIDATED, until: Date.now() + 10 * 365 * 86_400_000 });
    const { challenge, url } = await challengeOf('d.example.test', 'dns-persist-01');
    await client.respond(challenge?.url ?? '');
    const { expires = '' } = await client.authz(url);
    expect(Date.parse(expires)).toBeLessThan(Date.now() + 31 * 86_400_000);
    world.network.outcome = () => VALIDATED;
  });

  it('the validation knows every URL of the account', async () => {
    const { challenge } = await challengeOf('e.example.test', 'dns-persist-01');
    let urls: readonly string[] = [];
    world.network.outcome = async (request) => {
      urls = await request.accountUris();
      return VALIDATED;
    };
    await world.store.putSetting('acme base https://former.test:9000', 'x');
    world.time.offset = 6_000;
    await client.respond(challenge?.url ?? '');
    const id = client.accountUrl?.split('/').at(-1);
    expect(urls[0]).toBe(client.accountUrl);
    expect(urls).toContain(`https://former.test:9000/acme/account/${id}`);
    world.network.outcome = () => VALIDATED;
    world.time.offset = 0;
  });

  it('a challenge fails at once, without a network request, when its account was deactivated after the response', async () => {
    const stopped = await world.account();
    const { challenge, url } = await challengeOf('f.example.test', 'dns-persist-01', stopped);
    let asked = 0;
    world.network.outcome = async () => {
      asked += 1;
      await stopped.post(stopped.accountUrl ?? '', { status: 'deactivated' });
      return { ok: false, type: 'unauthorized', detail: 'not yet', retryable: true, attempts: [] };
    };
    await stopped.respond(challenge?.url ?? '').catch(() => undefined);
    const id = url.split('/').at(-1) ?? '';
    await expect
      .poll(
        async () =>
          (await world.store.getAuthorization(id))?.challenges.find(({ failedAt }) => failedAt)?.error,
      )
      .toMatchObject({ detail: expect.stringContaining('deactivated') });
    expect(asked).toBe(1);
    world.network.outcome = () => VALIDATED;
  });

  it('a deactivated account cannot respond to a challenge, even if its record still exists', async () => {
    const stopped = await world.account();
    const { challenge } = await challengeOf('g.example.test', 'dns-persist-01', stopped);
    await stopped.post(stopped.accountUrl ?? '', { status: 'deactivated' });
    expect(await refused(stopped.post(challenge?.url ?? '', {}))).toMatchObject({ type: 'unauthorized' });
  });
});

it('draft-ietf-acme-dns-account-label: the challenge is like that of dns-01', async () => {
  const { challenge, challenges } = await challengeOf('h.example.test', 'dns-account-01');
  expect(challenge).toMatchObject({ status: 'pending', token: challenges[0]?.token });
});

it('the challenges of drafts are not offered unless the operator enables them', async () => {
  const other = await createWorld();
  try {
    const by = await other.account();
    const { challenges } = await challengeOf('a.example.test', '', by);
    expect(challenges.map(({ type }) => type)).toEqual(['http-01', 'dns-01', 'tls-alpn-01']);
    const { meta } = (await by.directory()) as unknown as { meta: object };
    expect(meta).not.toHaveProperty('issuerDomainNames');
  } finally {
    await other.close();
  }
});
