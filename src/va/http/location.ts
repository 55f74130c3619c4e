/** A redirect that is not followed. The message has the reason, but nothing of the URL. */
export class BadLocation extends Error {
  override readonly name = 'BadLocation';
}

/**
 * Resolves a `Location` (RFC 9110 §10.2.2) against the URL of its response. Its octets are read as UTF-8 if
 * they are valid, else percent-encoded one by one.
 * @param location one character per octet
 * @param ports the allowed ports
 * @throws BadLocation
 */
export function nextUrl(location: string, from: URL, ports: readonly number[]): URL {
  let url: URL;
  try {
    url = new URL(asText(location), from);
  } catch {
    throw new BadLocation('to something that is no URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new BadLocation('to a URL that is neither http nor https');
  if (url.username !== '' || url.password !== '') throw new BadLocation('to a URL that holds a user name');
  const port = portOf(url);
  if (!ports.includes(port)) throw new BadLocation(`to a URL whose port ${port} is not allowed`);
  url.hash = '';
  return url;
}

export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

/** The host to look up and dial: an address without brackets, a name without the root's dot. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$|\.$/g, '');
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function asText(octets: string): string {
  try {
    return UTF8.decode(Buffer.from(octets, 'latin1'));
  } catch {
    return octets.replace(/[\x80-\xff]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
  }
}
