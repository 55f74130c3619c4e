import { describe, expect, it } from 'vitest';
import type { ProblemBody } from '../../tools/kit/acme-bodies.js';
import { refused } from '../support/refused.js';
import { client, refusal, world } from './harness.js';

describe('§6.3: GET and POST-as-GET', () => {
  it('refuses GET of an authenticated resource with 405, Allow and malformed', async () => {
    const order = await client.newOrder(['get.example.test']);
    const [authz = ''] = order.body.authorizations;
    const urls = [
      client.accountUrl ?? '',
      order.url,
      authz,
      order.body.finalize,
      `${world.base}/acme/new-order`,
    ];
    for (const url of urls) {
      const answer = await world.client().request('GET', url);
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('POST');
      expect((answer.json as ProblemBody).type).toBe('urn:ietf:params:acme:error:malformed');
    }
  });

  it('accepts only the empty payload as POST-as-GET, not "{}"', async () => {
    const order = await client.newOrder(['empty.example.test']);
    expect(await refusal({}, {}, order.url)).toMatchObject({ status: 400, type: 'malformed' });
    expect(await refusal({}, '""', order.url)).toMatchObject({ status: 400, type: 'malformed' });
  });

  it.each(['new-order', 'revoke-cert', 'key-change'])('refuses POST-as-GET of %s', async (path) => {
    expect(await refusal({}, '', `${world.base}/acme/${path}`)).toMatchObject({
      status: 400,
      type: 'malformed',
    });
  });

  it('refuses POST-as-GET of new-account', async () => {
    const overrides = { useJwk: true };
    expect(await refusal(overrides, '', `${world.base}/acme/new-account`)).toMatchObject({
      type: 'malformed',
    });
  });
});

describe('§6.3: POST-as-GET of what may also be read with GET', () => {
  it('is answered like GET by the directory and new-nonce', async () => {
    const account = await world.account();
    const directory = await account.post(world.directoryUrl, '');
    expect([directory.status, directory.json]).toEqual([200, await account.directory()]);
    const nonce = await account.post(`${world.base}/acme/new-nonce`, '');
    expect([nonce.status, nonce.body.length]).toEqual([204, 0]);
    expect(nonce.headers['replay-nonce']).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(nonce.headers['cache-control']).toBe('no-store');
  });

  it.each(['directory', 'new-nonce'])('is refused by %s with a payload, and unsigned', async (path) => {
    const account = await world.account();
    expect(await refused(account.post(`${world.base}/acme/${path}`, {}))).toMatchObject({
      status: 400,
      type: 'malformed',
    });
    const unsigned = await world.client().request('POST', `${world.base}/acme/${path}`, {
      headers: { 'Content-Type': 'application/jose+json' },
      body: '{}',
    });
    expect(unsigned.status).toBe(400);
  });
});
