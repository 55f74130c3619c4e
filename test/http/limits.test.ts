import { connect as connectTcp } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { drain, parse, TestServer } from './test-server.js';

describe('slow and greedy peers', () => {
  const hasty = {
    headersTime: 300,
    requestTime: 600,
    keepAliveTime: 300,
    handshakeTime: 300,
    checkInterval: 50,
  };

  it('are cut off when they do not finish their headers, their body, or say nothing', async () => {
    const running = await TestServer.start({ limits: hasty });
    const silent = drain(await running.open());
    const headers = await running.open();
    const slowHeaders = drain(headers);
    headers.write('GET /who HTTP/1.1\r\nHost: ra.test\r\nX-Slow: ');
    const body = await running.open();
    const slowBody = drain(body);
    body.write(
      'POST /items HTTP/1.1\r\nHost: ra.test\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc',
    );
    const idle = await running.open();
    const keptAlive = drain(idle);
    idle.write('GET /who HTTP/1.1\r\nHost: ra.test\r\n\r\n');
    expect(parse(await slowHeaders).status).toBe(408);
    expect(parse(await slowBody).status).toBe(408);
    expect(parse(await keptAlive).status).toBe(200);
    await silent;
    await running.close();
  });

  it('are cut off when they never begin TLS', async () => {
    const running = await TestServer.start({ limits: hasty });
    const socket = connectTcp(running.port, '127.0.0.1');
    await new Promise((resolve) => socket.on('close', resolve).on('error', () => {}));
    await running.close();
  });

  it('cannot take every connection: an address gets no more than are free, so that the next one is served', async () => {
    const running = await TestServer.start({ limits: { connections: 9 } });
    const from = (localAddress: string) => {
      const options: ConnectionOptions & { localAddress: string } = { localAddress };
      return running.open(options);
    };
    const greedy: TLSSocket[] = [];
    for (let each = 0; each < 5; each += 1) greedy.push(await from('127.0.0.1'));
    await expect(from('127.0.0.1')).rejects.toThrow();
    const other = [await from('127.0.0.2'), await from('127.0.0.2')];
    await expect(from('127.0.0.2')).rejects.toThrow();
    const third = await from('127.0.0.3');
    for (const socket of greedy.splice(0, 2)) socket.destroy();
    await expect
      .poll(() =>
        from('127.0.0.2').then(
          (more) => other.push(more),
          () => 0,
        ),
      )
      .toBe(3);
    for (const socket of [...greedy, ...other, third]) socket.destroy();
    await running.close();
  });
});
