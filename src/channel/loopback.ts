import { isIP } from 'node:net';

/** Whether an address is this machine's own, so that what crosses it reaches nobody else. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
