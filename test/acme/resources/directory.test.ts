import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AcmeError } from '../../../tools/kit/acme-bodies.js';
import { links } from '../../../tools/kit/acme-transport.js';
import { createWorld, type World } from '../../support/world/world.js';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('§7.1.1: the directory', () => {
  it('has every resource under the name the client used', async () => {
    const { base } = world;
    expect(await world.client().directory()).toEqual({
      newNonce: `${base}/acme/new-nonce`,
      newAccount: `${base}/acme/new-account`,
      newOrder: `${base}/acme/new-order`,
      revokeCert: `${base}/acme/revoke-cert`,
      keyChange: `${base}/acme/key-change`,
      renewalInfo: `${base}/acme/renewal-info`,
      meta: {
        termsOfService: `${base}/acme/terms`,
        caaIdentities: [],
        externalAccountRequired: false,
        profiles: { server: 'TLS servers', webapp: 'Web applications' },
      },
    });
    const other = `https://127.0.0.1:${world.port}`;
    const directory = await world.client({ directoryUrl: `${other}/acme/directory` }).directory();
    expect(directory.newOrder).toBe(`${other}/acme/new-order`);
  });

  it('never echoes a forged Host', async () => {
    const answer = await world
      .client()
      .request('GET', world.directoryUrl, { headers: { Host: 'evil.test' } });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).not.toContain('evil.test');
    expect(answer.json).toMatchObject({ newNonce: `${world.base}/acme/new-nonce` });
  });

  it('answers HEAD, and has no link to itself (§7.1)', async () => {
    const answer = await world.client().request('HEAD', world.directoryUrl);
    expect(answer.status).toBe(200);
    expect(links(answer.headers, 'index')).toEqual([]);
  });

  it('uses the configured base and shows the operator’s settings', async () => {
    const other = await createWorld({
      publicUrl: 'https://ra.test',
      settings: {
        website: 'https://www.example.test/',
        caaIdentities: ['pki.example.test'],
        terms: { url: 'https://www.example.test/terms' },
        externalAccounts: { required: true, keys: new Map() },
      },
      policy: { preauthorization: true },
    });
    const answer = await other.client().request('GET', `https://localhost:${other.port}/acme/directory`);
    expect(answer.json).toMatchObject({
      newNonce: 'https://ra.test/acme/new-nonce',
      newAuthz: 'https://ra.test/acme/new-authz',
      meta: {
        website: 'https://www.example.test/',
        caaIdentities: ['pki.example.test'],
        termsOfService: 'https://www.example.test/terms',
        externalAccountRequired: true,
      },
    });
    await other.close();
  });

  it('serves the terms', async () => {
    const answer = await world.client().request('GET', `${world.base}/acme/terms`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    expect(answer.body.toString()).toBe('Be good.\n');
  });
});

describe('§7.1.1: the terms', () => {
  it('redirect to the page that has them', async () => {
    const other = await createWorld({ settings: { terms: { url: 'https://www.example.test/terms' } } });
    const answer = await other.client().request('GET', `${other.base}/acme/terms`);
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toBe('https://www.example.test/terms');
    await other.close();
  });

  it('must be agreed to; the refusal links to them (§7.3.3)', async () => {
    const refused = await world
      .client()
      .newAccount({ termsOfServiceAgreed: false })
      .catch((error) => error);
    expect(refused).toBeInstanceOf(AcmeError);
    expect(refused).toMatchObject({ status: 403, type: 'userActionRequired' });
    expect(links(refused.headers, 'terms-of-service')).toEqual([`${world.base}/acme/terms`]);
    expect(links(refused.headers, 'index')).toEqual([world.directoryUrl]);
  });
});
