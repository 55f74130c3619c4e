import { isIP } from 'node:net';
import { DerError } from './der-error.js';

/** RFC 5280 §4.2.1.6 iPAddress octets and their RFC 5952 text. */

/** 4 or 16 octets of a valid address text. @throws DerError otherwise. */
export function ipToBytes(text: string): Buffer {
  const version = isIP(text);
  if (version === 0 || text.includes('%')) throw new DerError(`IP address: "${text}" is not one`);
  if (version === 4) return Buffer.from(text.split('.').map(Number));
  const hextets = canonical(text);
  const [head = '', tail] = hextets.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const left = groups(head);
  const right = groups(tail);
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const all = [...left, ...Array<string>(zeros).fill('0'), ...right];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** Text of 4 or 16 octets, IPv6 in RFC 5952 form. @throws DerError for another length. */
export function ipFromBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return [...bytes].join('.');
  if (bytes.length !== 16) throw new DerError('IP address: has neither 4 nor 16 octets');
  const hex = Buffer.from(bytes).toString('hex');
  return canonical((hex.match(/.{4}/g) ?? []).join(':'));
}

/** RFC 5952 §4 form of a valid IPv6 text: the URL parser compresses exactly so. */
function canonical(ipv6: string): string {
  return new URL(`http://[${ipv6}]/`).hostname.slice(1, -1);
}
