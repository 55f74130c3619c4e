import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, TestServer } from './test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.close());

describe('headers for browsers', () => {
  it.each([
    '/who',
    '/nowhere',
    '/broken',
    '/api/v1/broken',
    '/items/%zz',
  ])('is on every answer: %s', async (path) => {
    const { head } = await server.exchange(get(path));
    expect(head).toMatch(/^x-content-type-options: nosniff\r?$/im);
    expect(head).toMatch(/^content-security-policy: frame-ancestors 'none'\r?$/im);
    expect(head).not.toMatch(/strict-transport-security/i);
  });

  it('requires HTTPS for the host name where the server is configured to (RFC 6797)', async () => {
    const made = await TestServer.start({ strictTransport: true }, () => {});
    const { head } = await made.exchange(get('/'));
    expect(head).toMatch(/^strict-transport-security: max-age=63072000\r?$/im);
    await made.close();
  });
});
