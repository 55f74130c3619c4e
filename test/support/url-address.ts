/** RFC 5952 text of a valid IPv6 address by the URL parser, an implementation that is not ours. */
export function canonicalByUrl(ipv6: string): string {
  return new URL(`http://[${ipv6}]/`).hostname.slice(1, -1);
}
