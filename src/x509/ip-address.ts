import { isIP } from 'node:net';
import { DerError } from './der-error.js';

/** RFC 5280 §4.2.1.6 iPAddress octets and their RFC 5952 text. */

/** RFC 4291 §2.5.5.2: the prefix of an IPv4-mapped address. */
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

/** 4 or 16 octets of an address text (RFC 4291 §2.2, with the dotted-decimal ending). @throws DerError for invalid text. */
export function ipToBytes(text: string): Buffer {
  const version = isIP(text);
  if (version === 0 || text.includes('%')) throw new DerError(`IP address: "${text}" is not one`);
  if (version === 4) return ipv4Octets(text);
  const [head = '', tail] = text.split('::');
  const left = Buffer.concat(groups(head).map(groupOctets));
  const right = Buffer.concat(groups(tail ?? '').map(groupOctets));
  return Buffer.concat([left, Buffer.alloc(16 - left.length - right.length), right]);
}

/** Text of 4 or 16 octets, IPv6 in RFC 5952 form. @throws DerError for another length. */
export function ipFromBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new DerError('IP address: has neither 4 nor 16 octets');
  const hextets = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  const { start, length } = longestZeros(hextets);
  if (length < 2) return hextets.join(':');
  return `${hextets.slice(0, start).join(':')}::${hextets.slice(start + length).join(':')}`;
}

/**
 * The canonical text of an address: RFC 5952, and dotted decimal for an IPv4-mapped address, which names the same host.
 * Go's `net.IP` does not distinguish the two either, so CSRs made in Go contain either form.
 * @throws DerError
 */
export function hostAddress(text: string): string {
  return hostAddressOf(ipToBytes(text));
}

/** Like `hostAddress`, from 4 or 16 octets. @throws DerError */
export function hostAddressOf(octets: Uint8Array): string {
  const mapped = octets.length === 16 && MAPPED.equals(octets.subarray(0, 12));
  return ipFromBytes(mapped ? octets.subarray(12) : octets);
}

function ipv4Octets(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

function groups(part: string): string[] {
  return part === '' ? [] : part.split(':');
}

function groupOctets(group: string): Buffer {
  return group.includes('.') ? ipv4Octets(group) : Buffer.from(group.padStart(4, '0'), 'hex');
}

/** RFC 5952 §4.2: the longest run of zeros is shortened; among equal runs, the first. */
function longestZeros(hextets: readonly string[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  hextets.forEach((hextet, index) => {
    if (hextet !== '0') start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  });
  return longest;
}
