import type { Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Deadline } from './deadline.js';
import { tlsError } from './failure.js';

/** A TLS handshake that failed; the message says why. */
export class TlsFailure extends Error {}

/** Starts TLS on a connected socket, whose certificate is not checked. A failure destroys the socket. @throws TlsFailure */
export function handshake(
  socket: Socket,
  options: ConnectionOptions,
  deadline: Deadline,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = connect({ ...options, socket, rejectUnauthorized: false });
    const late = () => fail('timed out');
    const fail = (why: string) => {
      deadline.forget(late);
      socket.destroy();
      reject(new TlsFailure(`TLS handshake failed: ${why}`));
    };
    secured.on('error', (error) => fail(tlsError(error)));
    secured.once('close', () => fail('connection closed by the peer'));
    secured.once('secureConnect', () => {
      deadline.forget(late);
      resolve(secured);
    });
    if (deadline.isOver) return late();
    deadline.whenOver(late);
  });
}
