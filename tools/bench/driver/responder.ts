import { createServer, type Socket } from 'node:net';

/** The web server of every subscriber (RFC 8555 §8.3): one port, a key authorization for each token. */
export interface Responder {
  port: number;
  set(token: string, keyAuthorization: string): void;
  delete(token: string): void;
  close(): Promise<void>;
}

const PATH = /^GET \/\.well-known\/acme-challenge\/([A-Za-z0-9_-]+) /;

/** Listens on all loopback addresses of this machine. @param port 0 takes a free one */
export async function startResponder(port: number, address = '127.0.0.1'): Promise<Responder> {
  const answers = new Map<string, string>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    let request = '';
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      request += text;
      if (!request.includes('\r\n\r\n')) return;
      const body = answers.get(PATH.exec(request)?.[1] ?? '');
      const status = body === undefined ? '404 Not Found' : '200 OK';
      socket.end(
        `HTTP/1.1 ${status}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${body?.length ?? 0}\r\n` +
          `Connection: close\r\n\r\n${body ?? ''}`,
      );
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound ? bound.port : port,
    set: (token, keyAuthorization) => void answers.set(token, keyAuthorization),
    delete: (token) => void answers.delete(token),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
