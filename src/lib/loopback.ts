import { isIP } from 'node:net';

/** Whether an address is a loopback address, whose traffic never leaves the machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
