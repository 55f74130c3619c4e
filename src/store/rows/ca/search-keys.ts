import { BlockList, isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/**
 * How names are indexed for searches. Each name has a key forward (`n`) and one reversed (`r`), so that both ends of
 * a glob become a range; an address also has one in hex (`a`), in which a network is a range.
 */

/** Characters of a name that are indexed: the size of an index entry is limited (PostgreSQL: 2,704 octets). */
export const MOST_INDEXED = 255;

interface Named {
  cn: string;
  identifiers: readonly { type: string; value: string }[];
}

/** Every key of a certificate's names, each once: its subject alternative names and its `cn`. */
export function searchKeys({ cn, identifiers }: Named): string[] {
  const values = new Set([cn, ...identifiers.map(({ value }) => value)]);
  return [...new Set([...values].filter((value) => value !== '').flatMap(keysOf))];
}

function keysOf(value: string): string[] {
  const text = cut(value.toLowerCase());
  const address = addressKey(value);
  return address === null ? [`n${text}`, `r${reversed(text)}`] : [`n${text}`, address];
}

function cut(text: string): string {
  return text.length <= MOST_INDEXED ? text : [...text].slice(0, MOST_INDEXED).join('');
}

function reversed(text: string): string {
  return [...text].reverse().join('');
}

/** `a4` or `a6` and the octets in hex; null when the value is not an address. */
function addressKey(value: string): string | null {
  const octets = octetsOf(value);
  return octets && `a${octets.length === 4 ? 4 : 6}${octets.toString('hex')}`;
}

function octetsOf(address: string): Buffer | null {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address) || address.includes('%')) return null;
  const host = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = host.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill('0');
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** The keys of a search by name: those of matching names, from `from` to `to`, both included. */
export interface NamePattern {
  from: string;
  to: string;
  /** The pattern of LIKE, with `\` as its escape, that keys of matching names meet; null: every key from `from` to `to` does. */
  like: string | null;
  /** Whether a name in a certificate matches. */
  matches(value: string): boolean;
}

/** The greatest code point: with it at its end a prefix is after all that begin with the prefix. */
const LAST = '\u{10ffff}';

/**
 * Parses the text of an operator's search: a name or an address; a glob, in which `*` is any text and `?` any one
 * character; or a network in CIDR form. An internationalised name is searched in its A-label form. A text after `=`
 * is taken literally: `=*.example.com` is only the wildcard name.
 */
export function namePattern(asked: string): NamePattern {
  if (asked.startsWith('=')) return namedPattern(asked.slice(1));
  const network = networkPattern(asked);
  if (network) return network;
  const text = plainText(asked);
  return /[*?]/.test(text) ? globPattern(text) : namedPattern(asked);
}

function namedPattern(asked: string): NamePattern {
  const key = addressKey(asked);
  if (key !== null) return { from: key, to: key, like: null, matches: (value) => addressKey(value) === key };
  const text = plainText(asked);
  const exact = `n${cut(text)}`;
  return { from: exact, to: exact, like: null, matches: (value) => value.toLowerCase() === text };
}

function plainText(asked: string): string {
  const lower = asked.toLowerCase().replace(/(?<=[^.])\.$/, '');
  const isAscii = /^[\x20-\x7e]*$/.test(lower);
  return isAscii || /[@/\s]/.test(lower) ? lower : domainToASCII(lower) || lower;
}

function globPattern(glob: string): NamePattern {
  const head = cut(/^[^*?]*/.exec(glob)?.[0] ?? '');
  const tail = cut(glob.slice(Math.max(glob.lastIndexOf('*'), glob.lastIndexOf('?')) + 1));
  // A name longer than its key has lost its end, so a short tail is not looked for in keys that may be cut.
  const forward = head.length >= tail.length;
  const from = forward ? `n${head}` : `r${reversed(tail)}`;
  const like = forward ? `n${likeOf(glob)}` : `r${likeOf(reversed(glob))}`;
  return { from, to: `${from}${LAST}`, like, matches: (value) => globMatches(glob, value.toLowerCase()) };
}

function likeOf(glob: string): string {
  return glob
    .replace(/[\\%_]/g, '\\$&')
    .replaceAll('*', '%')
    .replaceAll('?', '_');
}

/** Linear but for the last `*`: each wildcard is tried once, for only the latest one may have to take more. */
export function globMatches(pattern: string, value: string): boolean {
  // By character, as LIKE has it.
  const glob = [...pattern];
  const text = [...value];
  let at = 0;
  let position = 0;
  let star = -1;
  let taken = 0;
  while (position < text.length) {
    if (glob[at] === '*') {
      star = at;
      taken = position;
      at += 1;
    } else if (at < glob.length && (glob[at] === '?' || glob[at] === text[position])) {
      at += 1;
      position += 1;
    } else if (star >= 0) {
      taken += 1;
      position = taken;
      at = star + 1;
    } else return false;
  }
  while (glob[at] === '*') at += 1;
  return at === glob.length;
}

function networkPattern(asked: string): NamePattern | null {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(asked) ?? [];
  const octets = octetsOf(address);
  const prefix = Number(bits);
  if (octets === null || prefix > octets.length * 8) return null;
  const family = octets.length === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, prefix, family);
  const end = (fill: number) =>
    `a${family === 'ipv4' ? 4 : 6}${Buffer.from(octets.map((octet, index) => masked(octet, fill, prefix - index * 8))).toString('hex')}`;
  return {
    from: end(0),
    to: end(0xff),
    like: null,
    matches: (value) =>
      isIP(value) !== 0 && isIPv6(value) === (family === 'ipv6') && list.check(value, family),
  };
}

/** The first `kept` bits of an octet, the others of `fill`. */
function masked(octet: number, fill: number, kept: number): number {
  const mask = kept >= 8 ? 0xff : kept <= 0 ? 0 : (0xff << (8 - kept)) & 0xff;
  return (octet & mask) | (fill & ~mask & 0xff);
}
