import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.close());

describe('a request-target in absolute form (RFC 9112 §3.2.2)', () => {
  it.each([
    ['https://proxy.test:8443/asked?a=1', '/asked?a=1', 'proxy.test:8443'],
    ['http://proxy.test/asked', '/asked', 'proxy.test'],
    ['HTTPS://proxy.test/asked?at=https://x/', '/asked?at=https://x/', 'proxy.test'],
    ['/asked?at=https://x/', '/asked?at=https://x/', 'ra.test'],
  ])('%s is served as its path, and its authority replaces Host', async (target, url, host) => {
    expect((await server.exchange(get(target))).json).toEqual({ url, host });
  });

  it('without a path is the root', async () => {
    expect((await server.exchange(get('https://ra.test'))).status).toBe(404);
    expect((await server.exchange(get('https://ra.test?a'))).status).toBe(404);
  });

  it('is refused in the envelope under /api', async () => {
    const { json } = await server.exchange(get('https://ra.test/api/v1/nowhere'));
    expect(json).toMatchObject({ status: 'error', code: 'notFound' });
  });
});
