import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IssuedHolder, JoinedWorld } from '../support/world/joined.js';

const world = new JoinedWorld({ api: { baseUrl: () => 'https://ra.test' } });
let alice: IssuedHolder;
beforeAll(async () => {
  await world.start();
  alice = world.alice;
});
afterAll(() => world.close());

const send = (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
  world.ask(path, alice, { method, headers, body });

/** What a browser says of a request that a page of another site makes it send. */
const FOREIGN: Record<string, string>[] = [
  { Origin: 'https://evil.test' },
  { Origin: 'null' },
  { Origin: 'https://ra.test.evil.test' },
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site', Origin: 'https://ra.test' },
];
const CHANGES: [method: string, path: string, body?: unknown][] = [
  ['POST', '/private/crl/generate'],
  ['POST', '/private/nodes', { cn: 'a.example.test', profile: 'server' }],
  ['DELETE', '/private/nodes/a.example.test'],
  ['POST', '/private/admins', { dn: '/CN=mallory' }],
  ['DELETE', '/private/admins/CN=alice'],
  ['POST', '/client/renew', { csr: 'x' }],
  ['POST', '/client/revoke', { reason: 'superseded' }],
  ['POST', '/public/certify', { csr: 'x', seed: 'y' }],
  ['POST', '/certify', { csr: 'x', seed: 'y' }],
];

describe('a page of another site whose visitor has a client certificate', () => {
  it.each(CHANGES)('cannot %s %s', async (method, path, body) => {
    for (const headers of FOREIGN) {
      const { status, json } = await send(method, path, headers, body);
      expect([status, json.code], JSON.stringify(headers)).toEqual([403, 'forbidden']);
    }
  });

  it.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
  ])('cannot post a form of type %s, with or without fields, even if the browser says nothing of the page', async (type) => {
    for (const [method, path] of CHANGES) {
      const headers = { 'Content-Type': type };
      expect((await send(method, path, headers)).json.code, `${method} ${path}`).toBe('unsupportedMediaType');
      expect((await send(method, path, headers, { a: 1 })).json.code).toBe('unsupportedMediaType');
    }
  });

  it('cannot send a body without a type', async () => {
    const { json } = await send('POST', '/private/admins', { 'Content-Type': '' }, { dn: '/CN=mallory' });
    expect(json.code).toBe('unsupportedMediaType');
  });

  it('leaves a trace with the name of the visitor', async () => {
    await send('POST', '/private/crl/generate', { Origin: 'https://evil.test' });
    await expect
      .poll(async () => {
        const records = await world.store.readAudit({ after: null, limit: 500 });
        return records.map(({ entry }) => JSON.parse(entry));
      })
      .toContainEqual(
        expect.objectContaining({
          who: alice.dn,
          action: 'POST /private/crl/generate',
          outcome: 'forbidden',
        }),
      );
  });

  it('may read nothing, for no answer allows it', async () => {
    const { status, headers } = await world.ask('/private/nodes', alice, {
      headers: { Origin: 'https://evil.test' },
    });
    expect(status).toBe(200);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });
});

describe('programs and our own pages', () => {
  it.each<Record<string, string>>([
    {},
    { Origin: 'https://ra.test' },
    { 'Sec-Fetch-Site': 'none' },
    { Origin: 'https://ra.test', 'Sec-Fetch-Site': 'same-origin' },
  ])('are served as before with %o, also by POST without a body', async (headers) => {
    expect((await send('POST', '/private/crl/generate', headers)).status).toBe(200);
  });

  it('may ask for the status of a certificate from anywhere: that changes nothing', async () => {
    const asked = { serial: `0x${alice.serial}` };
    const { status } = await send('POST', '/public/ocsp', { Origin: 'https://page.test' }, asked);
    expect(status).toBe(200);
  });
});

describe('answers for one client only', () => {
  it.each([
    '/private/nodes',
    '/private/admins',
    '/private/config',
    '/client/certificate',
    '/client/status',
  ])('are kept by no cache: %s', async (path) => {
    expect((await world.ask(path, alice)).headers['cache-control']).toBe('no-store');
    expect((await world.ask(path)).headers['cache-control']).toBe('no-store');
  });
});
