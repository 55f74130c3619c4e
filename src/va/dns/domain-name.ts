import { DnsError } from './dns-error.js';

/**
 * Domain names between the wire (RFC 1035 §3.1, §4.1.4) and text. Text is lower case, without the final dot, with
 * `\DDD` (RFC 1035 §5.1) for octets that are not visible ASCII and for dots and backslashes inside a label.
 */

/** RFC 1035 §2.3.4: octets of a name on the wire, the root's length octet included. */
const MAX_NAME = 255;
const MAX_LABEL = 63;
/** Honest encoders need one pointer a name; more only lengthens a hostile walk. */
const MAX_POINTERS = 32;

/** The wire form, uncompressed. @throws DnsError `name` */
export function encodeName(text: string): Buffer {
  const parts: Buffer[] = [];
  let length = 1;
  if (text !== '') {
    for (const label of text.split('.')) {
      const bytes = labelBytes(label);
      if (bytes.length === 0 || bytes.length > MAX_LABEL) {
        throw new DnsError('name', `a label of "${text}" does not have 1 to ${MAX_LABEL} octets`);
      }
      parts.push(Buffer.from([bytes.length]), bytes);
      length += bytes.length + 1;
    }
  }
  if (length > MAX_NAME)
    throw new DnsError('name', `"${text.slice(0, 64)}…" is longer than a DNS name can be`);
  parts.push(Buffer.from([0]));
  return Buffer.concat(parts, length);
}

function labelBytes(label: string): Buffer {
  const raw = label.includes('\\')
    ? label.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number(code) & 0xff))
    : label;
  return Buffer.from(raw, 'latin1');
}

/**
 * Reads a name at `offset`. A pointer must lead backwards, before every place already visited, so that no walk can
 * loop. @throws DnsError `malformed`
 */
export function readName(message: Buffer, offset: number): { name: string; end: number } {
  let name = '';
  let length = 1;
  let at = offset;
  let end = -1;
  let floor = offset;
  for (let pointers = 0; ; ) {
    const size = message[at];
    if (size === undefined) throw new DnsError('malformed', 'a name runs past the end of the message');
    if (size === 0) return { name, end: end < 0 ? at + 1 : end };
    if (size >= 0xc0) {
      const low = message[at + 1];
      if (low === undefined) throw new DnsError('malformed', 'a name runs past the end of the message');
      if (end < 0) end = at + 2;
      at = ((size & 0x3f) << 8) | low;
      pointers += 1;
      if (at >= floor || pointers > MAX_POINTERS) {
        throw new DnsError('malformed', 'a name has a compression pointer that does not lead back');
      }
      floor = at;
      continue;
    }
    if (size > MAX_LABEL) throw new DnsError('malformed', 'a name has a label of unknown type');
    length += size + 1;
    if (length > MAX_NAME) throw new DnsError('malformed', 'a name is longer than 255 octets');
    const next = at + 1 + size;
    if (next > message.length) throw new DnsError('malformed', 'a name runs past the end of the message');
    name += (name === '' ? '' : '.') + labelText(message, at + 1, next);
    at = next;
  }
}

function labelText(message: Buffer, start: number, end: number): string {
  const text = message.toString('latin1', start, end).toLowerCase();
  return /^[a-z0-9_-]*$/.test(text) ? text : text.replace(/[^!-~]|[.\\A-Z]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\${String(character.charCodeAt(0)).padStart(3, '0')}`;
}
