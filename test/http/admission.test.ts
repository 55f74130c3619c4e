import { describe, expect, it } from 'vitest';
import { addRoutes, get, TestServer } from './test-server.js';

describe('too much at once', () => {
  it('is refused early with 503 and Retry-After, beginnings first, and accepted again afterwards', async () => {
    let release = () => {};
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    let bodies = 0;
    const made = await TestServer.start({ limits: { requests: 2, beginnings: 1 } }, (app) => {
      app.addHook('onRequest', (_request, reply, done) => {
        reply.header('replay-nonce', 'fresh'); // as acme/ does, on every answer
        done();
      });
      app.addContentTypeParser('application/jose+json', { parseAs: 'buffer' }, (_request, body, done) => {
        bodies += 1;
        done(null, body);
      });
      app.get('/slow', () => {
        arrived();
        return new Promise((resolve) => (release = () => resolve({})));
      });
      app.post('/begin', { config: { begins: true } }, async () => ({}));
      app.post('/go-on', async () => ({}));
    });
    const post = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: ra.test\r\nConnection: close\r\nContent-Type: application/jose+json\r\nContent-Length: 2\r\n\r\n{}`;
    const slow = made.exchange(get('/slow'));
    await arrival;

    const refused = await made.exchange(post('/begin'));
    expect(refused.status).toBe(503);
    expect(refused.head).toMatch(/^content-type: application\/problem\+json$/im);
    expect(refused.json.type).toBe('urn:ietf:params:acme:error:serverInternal');
    expect(refused.head).toMatch(/^retry-after: [1-4]$/im);
    expect(refused.head).toMatch(/^replay-nonce: fresh$/im); // RFC 8555 §6.5
    expect(bodies).toBe(0);
    // What goes on with something begun is let in for longer.
    expect((await made.exchange(post('/go-on'))).status).toBe(200);

    release();
    expect((await slow).status).toBe(200);
    expect((await made.exchange(post('/begin'))).status).toBe(200);
    await made.close();
  });

  it('does not count slow bodies, answers that are not read, or clients that have disconnected', async () => {
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const large = Buffer.alloc(32 * 1024 * 1024);
    const made = await TestServer.start({ limits: { requests: 1, body: 100 } }, (app) => {
      addRoutes(app);
      app.get('/never', () => {
        arrived();
        return new Promise(() => {});
      });
      app.get('/large', async () => large);
    });
    const status = async () => (await made.exchange(get('/who'))).status;

    const slow = await made.open();
    slow.write(
      'POST /items HTTP/1.1\r\nHost: ra.test\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nabc',
    );
    const unread = await made.open();
    unread.pause();
    unread.write(get('/large'));
    await new Promise((resolve) => unread.once('readable', resolve));
    expect(await status()).toBe(200);

    const gone = await made.open();
    gone.write(get('/never'));
    await arrival;
    expect(await status()).toBe(503);
    gone.destroy();
    while ((await status()) !== 200);
    for (const socket of [slow, unread]) socket.destroy();
    await made.close();
  });
});
