/** HTTP Basic credentials (RFC 7617): the name of a node and its seed. */
interface Credentials {
  name: string;
  seed: string;
}

const MOST = 1_024;

/** Reads the Authorization header; null when it is absent or malformed. */
export function basicCredentials(header: string | undefined): Credentials | null {
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header?.slice(0, MOST) ?? '') ?? [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : { name: text.slice(0, colon), seed: text.slice(colon + 1) };
}
