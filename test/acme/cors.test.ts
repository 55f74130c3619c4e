import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld, type World } from '../support/world/world.js';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const page = { Origin: 'https://page.test' };
const ask = (method: string, path: string, headers = {}) =>
  world.client().request(method, `${world.base}/acme/${path}`, { headers: { ...page, ...headers } });

describe('§6.1: clients that are pages of another site', () => {
  it.each([
    ['GET', 'directory'],
    ['HEAD', 'new-nonce'],
    ['GET', 'new-nonce'],
    ['GET', 'renewal-info/x.y'],
    ['POST', 'new-order'],
    ['POST', 'nothing'],
  ])('may read the answer to %s %s, and the headers the protocol needs', async (method, path) => {
    const { headers } = await ask(method, path);
    expect(headers['access-control-allow-origin']).toBe('*');
    const exposed = String(headers['access-control-expose-headers']).toLowerCase().split(', ');
    expect(exposed).toEqual(expect.arrayContaining(['link', 'location', 'replay-nonce', 'retry-after']));
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('get the headers they may read; a client that is not a page sees only one CORS header', async () => {
    const client = world.client();
    await client.newAccount();
    const { headers } = await client.post(await client.directory().then(({ newOrder }) => newOrder), {
      identifiers: [{ type: 'dns', value: 'app.example.test' }],
    });
    expect(headers['access-control-allow-origin']).toBe('*');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    expect(lines.filter((line) => /location/i.test(line))).toEqual([`location: ${headers.location}`]);
  });

  it.each([
    'new-account',
    'new-order',
    'order/x',
    'order/x/finalize',
    'authz/x',
    'cert/x',
    'revoke-cert',
  ])('may send a JWS to %s: a browser asks first and is told so', async (path) => {
    const { status, headers } = await ask('OPTIONS', path, {
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-type',
    });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'Content-Type',
    });
  });

  it('may not use a method that no route has', async () => {
    const asked = { 'Access-Control-Request-Method': 'POST' };
    expect((await ask('OPTIONS', 'nothing', asked)).status).toBe(404);
    expect((await ask('OPTIONS', 'terms', asked)).status).toBe(405);
    const remove = await ask('OPTIONS', 'order/x', { 'Access-Control-Request-Method': 'DELETE' });
    expect(remove.status).toBe(405);
    expect(remove.headers['access-control-allow-methods']).toBeUndefined();
  });

  it.each(['order/x', 'authz/x'])('may not read what a client certificate shows: GET %s', async (path) => {
    const { status, headers } = await ask('GET', path);
    expect(status).toBe(405);
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['cache-control']).toBe('no-store');
  });
});
