import { connect } from 'node:net';

/** Resolves if a server listens on the loopback port. Rejects with the socket's error. */
export function connects(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}
