import type { Server } from 'node:https';
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** A peer that does not close after the answer is closed by us, in ms. */
const LINGER = 1000;

/**
 * Answers who speaks plain HTTP to a TLS port with a sentence instead of a closed connection. Nothing of the request is read:
 * OpenSSL knows it by its first bytes.
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

/** The TCP socket below a TLS socket. Node has no public name for it; where it has none at all, the connection just closes. */
function rawSocket(socket: TLSSocket): Socket | null {
  const below: unknown = Reflect.get(socket, '_parent');
  return below instanceof Socket ? below : null;
}
