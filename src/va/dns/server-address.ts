import { isIPv4, isIPv6 } from 'node:net';

/** A DNS server's address and port. */
export interface ServerAddress {
  host: string;
  port: number;
}

/** RFC 1035 §4.2. */
const DNS_PORT = 53;

/**
 * Reads `10.0.0.53`, `10.0.0.53:5353`, `[fd00::53]:53` or a bare IPv6 address. @throws RangeError naming the value
 */
export function parseServerAddress(text: string): ServerAddress {
  if (isIPv6(text)) return { host: text, port: DNS_PORT };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = digits === undefined ? DNS_PORT : Number(digits);
  if (!(bracketed === undefined ? isIPv4(host) : isIPv6(host)) || port < 1 || port > 65535) {
    throw new RangeError(
      `DNS server "${text}" is not an IP address with or without a port, such as 10.0.0.53, 10.0.0.53:5353 or [fd00::53]:53`,
    );
  }
  return { host, port };
}

/** Each of a list. @throws RangeError naming the first bad value */
export function parseServerAddresses(texts: readonly string[]): ServerAddress[] {
  return texts.map(parseServerAddress);
}

/** `host:port`, IPv6 in brackets; for messages and records of attempts. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
