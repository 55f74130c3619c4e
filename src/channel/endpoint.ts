/** The ZeroMQ endpoint of a host; an IPv6 address is in brackets. */
export function tcpEndpoint(host: string, port: number): string {
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Whether a socket needs ZMQ_IPV6 for the endpoint. It is set for addresses only: with it, ZeroMQ takes the first AAAA record of a
 * name that has both, and tries no other address.
 */
export const isIpv6Endpoint = (endpoint: string): boolean => endpoint.startsWith('tcp://[');
