import type { Server } from 'node:https';
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Time after which the server closes a connection that the peer has not closed, in ms. */
const LINGER = 1000;

/**
 * Answers a client that speaks plain HTTP to a TLS port with a sentence before the connection is closed. The
 * request is not read: OpenSSL recognises it by its first bytes.
 */
export function answerPlainHttp(server: Server): void {
  server.on('tlsClientError', (error: Error & { code?: string }, socket) => {
    if (error.code !== 'ERR_SSL_HTTP_REQUEST') return;
    const raw = rawSocket(socket);
    if (raw?.writable !== true) return;
    const said = `This port speaks HTTPS, and you spoke HTTP: ask https://…:${raw.localPort} instead.\n`;
    raw.end(
      'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n' +
        `Content-Length: ${Buffer.byteLength(said)}\r\n\r\n${said}`,
    );
    setTimeout(() => raw.destroy(), LINGER).unref();
  });
}

/** The TCP socket below a TLS socket, for which Node has no public name. Null: the connection is closed without an answer. */
function rawSocket(socket: TLSSocket): Socket | null {
  const below: unknown = Reflect.get(socket, '_parent');
  return below instanceof Socket ? below : null;
}
