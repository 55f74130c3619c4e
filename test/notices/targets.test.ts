import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { webhook } from '../../src/notices/targets.js';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const undo: (() => void)[] = [];
afterEach(() => {
  for (const each of undo.splice(0)) each();
});

/** Sends a notice to a receiver that answers as `answer` does. */
async function sent(answer: (response: ServerResponse) => void): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => answer(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const { send } = webhook(`http://127.0.0.1:${port}/hook`, SECRET, null);
  await send({ id: 'n1', createdAt: 0 }, { type: 'test', subject: 's', text: 't', data: {} });
}

const MEBIBYTE = Buffer.alloc(1024 * 1024);

it.each<[string, (response: ServerResponse) => void]>([
  ['never ends', (response) => response.writeHead(200).write('x')],
  ['is huge', (response) => response.writeHead(202).end(MEBIBYTE)],
  [
    'breaks off',
    (response) => response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy()),
  ],
])('a notice is accepted by the status of an answer that %s, so that it is not sent again', async (_, answer) => {
  await sent(answer);
});

it.each<[string, (response: ServerResponse) => void]>([
  ['a 500 that never ends', (response) => response.writeHead(500).write('x')],
  ['a redirect', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
  ['an empty connection', (response) => response.destroy()],
])('a notice is not accepted by %s', async (_, answer) => {
  await expect(sent(answer)).rejects.toThrow(/HTTP [35]|socket hang up/);
});
