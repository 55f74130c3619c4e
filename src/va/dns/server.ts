import { isIPv6 } from 'node:net';

/** A recursive resolver to ask. */
export interface DnsServer {
  host: string;
  port: number;
}

/** How a server is named in messages: `192.0.2.1:53`, `[2001:db8::1]:53`. */
export function label({ host, port }: DnsServer): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
