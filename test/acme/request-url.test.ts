import { describe, expect, it } from 'vitest';
import { client, refusal, world } from './harness.js';

describe('§6.4: the url that is signed', () => {
  it.each([
    '',
    'x',
    'https://localhost/acme',
    'http://localhost:8000/acme/new-order',
  ])('must be the one requested: "%s" is unauthorized', async (url) => {
    expect(await refusal({ protected: { url } })).toMatchObject({ status: 403, type: 'unauthorized' });
  });

  it('includes its query', async () => {
    const url = `${client.accountUrl}/orders?cursor=ff`;
    expect(await refusal({ protected: { url: `${client.accountUrl}/orders` } }, '', url)).toMatchObject({
      type: 'unauthorized',
    });
    expect((await client.send(url, '')).status).toBe(200);
  });

  it('is that of the path when the request-target is in absolute form (RFC 9112 §3.2.2)', async () => {
    const target = `${world.base}/acme/new-nonce`;
    const headers = { Host: 'other.test' };
    expect((await client.send(target, '', { headers, absoluteForm: true })).status).toBe(204);
  });

  it('cannot be a URL under a forged Host', async () => {
    const url = 'https://evil.test/acme/new-order';
    const answer = await client.send(
      `${world.base}/acme/new-order`,
      {},
      { protected: { url }, headers: { Host: 'evil.test' } },
    );
    expect(answer).toMatchObject({ status: 403, json: { type: 'urn:ietf:params:acme:error:unauthorized' } });
  });
});
