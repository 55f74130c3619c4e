import type { Server, Socket } from 'node:net';
import { addressSource } from '../lib/address-source.js';

/**
 * Prevents one address from occupying every connection of a listener: an address may have as many connections
 * as are free. A single address gets half of them, two get a third each, and some always stay free.
 */
export function shareConnections(server: Server, most: number): void {
  const held = new Map<string, number>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    const source = addressSource(socket.remoteAddress ?? '');
    const count = (held.get(source) ?? 0) + 1;
    held.set(source, count);
    open += 1;
    socket.once('close', () => {
      const left = (held.get(source) ?? 1) - 1;
      if (left === 0) held.delete(source);
      else held.set(source, left);
      open -= 1;
    });
    // The new connection itself is in both numbers.
    if (count - 1 > most - open) socket.destroy();
  });
}
