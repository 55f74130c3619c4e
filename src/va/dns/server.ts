import { isIPv6 } from 'node:net';

/** A recursive resolver to ask. */
export interface DnsServer {
  host: string;
  port: number;
}

export function label({ host, port }: DnsServer): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
