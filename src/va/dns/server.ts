import { isIPv6 } from 'node:net';

/** The address of a recursive resolver. */
export interface DnsServer {
  host: string;
  port: number;
  /** Queried over TCP only. */
  overTcp?: boolean;
}

export function label({ host, port }: DnsServer): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
