import type { Server } from 'node:net';
import { isIPv6, type Socket } from 'node:net';

/**
 * Keeps one address from taking every connection of a listener: an address may hold as many connections as are still free.
 * One address alone gets half of them, two a third each; some are always left for the next.
 */
export function shareConnections(server: Server, most: number): void {
  const held = new Map<string, number>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    const source = sourceOf(socket.remoteAddress ?? '');
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

/** An IPv4 address; of IPv6 the first 64 bits, for a host chooses the others itself (RFC 8981). */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').toLowerCase().split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...new Array<string>(gap).fill('0'), ...last];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0{1,3}(?=.)/, ''))
    .join(':')}::/64`;
}
