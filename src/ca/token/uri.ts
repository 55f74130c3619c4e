/** Attributes that select a token. */
const TOKEN_NAMES = ['token', 'manufacturer', 'serial', 'model'] as const;

/** A URI of a token, or of a key in it (RFC 7512). */
export interface TokenUri {
  /** The attributes of the token; absent ones match every token. */
  token: Partial<Record<(typeof TOKEN_NAMES)[number], string>>;
  slotId: number | null;
  /** Label of the key. */
  object: string | null;
  /** Identifier of the key, hex. */
  id: string | null;
  /** Path of the PKCS #11 library. */
  modulePath: string;
  /** Path of a file with the PIN. */
  pinFile: string | null;
  pin: string | null;
}

/** A `pkcs11:` URI that cannot be used; the message never holds a PIN. */
export class TokenUriError extends Error {
  override readonly name = 'TokenUriError';
}

export const isTokenUri = (text: string): boolean => /^\s*pkcs11:/i.test(text);

/** §2.3: the characters that an attribute's value may have; others are percent-encoded. */
const PATH_VALUE = /^(?:[A-Za-z0-9\-._~:[\]@!$'()*+,=&]|%[0-9A-Fa-f]{2})*$/;
const QUERY_VALUE = /^(?:[A-Za-z0-9\-._~:[\]@!$'()*+,=/?|]|%[0-9A-Fa-f]{2})*$/;
const PATH_NAMES = new Set<string>([
  ...TOKEN_NAMES,
  ...['library-manufacturer', 'library-version', 'library-description'],
  ...['object', 'type', 'id', 'slot-description', 'slot-manufacturer', 'slot-id'],
]);

/** @throws TokenUriError */
export function parseTokenUri(text: string): TokenUri {
  const [, path = '', query = ''] =
    /^pkcs11:([^?]*)(?:\?(.*))?$/is.exec(text.trim()) ?? refuse('it does not begin with pkcs11:');
  const at = attributes(path, ';', PATH_VALUE, 'path');
  const more = attributes(query, '&', QUERY_VALUE, 'query');
  for (const name of at.keys()) {
    // §2.3: an unknown attribute may select another key.
    if (!PATH_NAMES.has(name)) refuse(`nobody here knows its attribute "${name}"`);
    if (/^(?:library-|slot-(?!id))/.test(name))
      refuse(`"${name}" is not supported: name the token by token or serial`);
  }
  const type = at.get('type');
  if (type !== undefined && type !== 'private') refuse('its type must be private');
  const [pinSource, pin] = [more.get('pin-source'), more.get('pin-value')];
  // §2.4
  if (pinSource !== undefined && pin !== undefined) refuse('it has both a pin-source and a pin-value');
  const slot = text_(at.get('slot-id'));
  if (slot !== null && !/^\d{1,9}$/.test(slot)) refuse('its slot-id is not a number');
  const token: TokenUri['token'] = {};
  for (const name of TOKEN_NAMES) {
    const value = text_(at.get(name));
    if (value !== null) token[name] = value;
  }
  return {
    token,
    slotId: slot === null ? null : Number(slot),
    object: text_(at.get('object')),
    id: at.has('id') ? bytes(at.get('id') ?? '').toString('hex') : null,
    modulePath: modulePathOf(more),
    pinFile: pinSource === undefined ? null : pinFileOf(bytes(pinSource).toString('utf8')),
    pin: pin === undefined ? null : bytes(pin).toString('utf8'),
  };
}

function attributes(text: string, separator: ';' | '&', value: RegExp, where: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of text === '' ? [] : text.split(separator)) {
    const equals = part.indexOf('=');
    const [name, content] = [part.slice(0, equals), part.slice(equals + 1)];
    if (equals < 1 || !/^[A-Za-z0-9_-]+$/.test(name)) refuse(`its ${where} is not a list of name=value`);
    if (!value.test(content)) refuse(`the value of "${name}" holds characters that must be percent-encoded`);
    if (found.has(name)) refuse(`it has "${name}" twice`);
    found.set(name, content);
  }
  return found;
}

function modulePathOf(query: ReadonlyMap<string, string>): string {
  const path = text_(query.get('module-path'));
  if (path === null)
    return refuse(
      'it must name the library of the token with module-path, such as ?module-path=/usr/lib/softhsm/libsofthsm2.so',
    );
  return path.startsWith('/') ? path : refuse('its module-path must begin with a slash');
}

/** §2.4: a file, as a path or a file: URI. A program is refused, because a URI must not run code. */
function pinFileOf(source: string): string {
  if (source.startsWith('|')) return refuse('its pin-source is a program, which is not run: name a file');
  const path = source.replace(/^file:(?:\/\/(?:localhost)?(?=\/))?/i, '');
  return path.startsWith('/')
    ? path
    : refuse('its pin-source must be a file, with a path that begins with a slash');
}

const text_ = (value: string | undefined): string | null =>
  value === undefined ? null : bytes(value).toString('utf8');

const bytes = (value: string): Buffer =>
  Buffer.from(
    value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );

function refuse(why: string): never {
  throw new TokenUriError(`the pkcs11: URI cannot be used: ${why} (RFC 7512)`);
}

/** The URI of a key in the same token, with the same source of the PIN. */
export function keyUri(text: string, { object, id }: { object: string; id: string }): string {
  const { trimmed, query } = split(text);
  const path = trimmed.split(';').filter((part) => part !== '' && !/^(?:object|id|type)=/.test(part));
  const encoded = (id.match(/../g) ?? []).map((hex) => `%${hex}`).join('');
  return `pkcs11:${[...path, `object=${encodeURIComponent(object)}`, `id=${encoded}`, 'type=private'].join(';')}${query}`;
}

/** The URI with a label for the key if it has none, so that the key is made once and used from then on. */
export function withKey(text: string, object: string): string {
  const uri = parseTokenUri(text);
  if (uri.object !== null || uri.id !== null) return text;
  const { trimmed, query } = split(text);
  return `pkcs11:${trimmed === '' ? '' : `${trimmed};`}object=${encodeURIComponent(object)}${query}`;
}

/** For display, without a PIN. A path is returned unchanged. */
export function shownUri(text: string): string {
  if (!isTokenUri(text)) return text;
  const { trimmed, query } = split(text);
  return `pkcs11:${trimmed}${query.replace(/pin-value=[^&]*/, 'pin-value=…')}`;
}

function split(text: string) {
  const [, trimmed = '', query = ''] = /^pkcs11:([^?]*)(\?.*)?$/is.exec(text.trim()) ?? [];
  return { trimmed, query };
}
