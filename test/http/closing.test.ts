import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { drain, get, parse, TestServer } from './test-server.js';

describe('closing', () => {
  it('lets an open request finish, and cuts off one that does not', async () => {
    const running = await TestServer.start({ limits: { closeGrace: 300 } });
    const stuck = await running.open();
    const cut = drain(stuck);
    stuck.write(
      'POST /items HTTP/1.1\r\nHost: ra.test\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc',
    );
    const late = await running.open();
    const ended = drain(late);
    const body =
      'POST /items HTTP/1.1\r\nHost: ra.test\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n';
    late.write(body);
    await running.exchange(get('/who'));
    const closed = running.close();
    late.write('abc');
    expect(parse(await ended).status).toBe(200);
    await cut;
    await closed;
  });

  it('answers a request that arrives on an open connection meanwhile, and ends the connection with it', async () => {
    const running = await TestServer.start();
    const socket = await running.open();
    const ended = drain(socket);
    socket.write('GET /who HTTP/1.1\r\nHost: ra.test\r\n');
    await running.exchange(get('/who'));
    const closed = running.close();
    while (running.app.server.listening) await turn();
    socket.write('\r\n');
    const { status, head } = parse(await ended);
    expect(status).toBe(200);
    expect(head).toMatch(/^connection: close$/im);
    await closed;
  });
});
