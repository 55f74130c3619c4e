import { isIPv6 } from 'node:net';
import { ipFromBytes, ipToBytes } from './ip-address.js';

/** RFC 6052 §2.2: positions of the IPv4 octets in the IPv6 address for each prefix length; octet 8 is skipped. */
const RFC6052_OCTETS = [
  [6, 7, 9, 10],
  [7, 9, 10, 11],
  [9, 10, 11, 12],
  [12, 13, 14, 15],
] as const;

const starts = (octets: Buffer, hex: string) => octets.toString('hex', 0, hex.length / 2) === hex;
const ZEROS_8 = '0000000000000000';

/**
 * The IPv4 address that an IPv6 address spells, in the forms that have no other meaning:
 * IPv4-mapped and IPv4-compatible (RFC 4291 §2.5.5), IPv4-translated (RFC 2765 §2.1) and NAT64's well-known prefix
 * (RFC 6052 §2.1). Empty for any other address, and for IPv4. A zone is ignored.
 */
export function spelledIpv4(address: string): string[] {
  const octets = ipv6Octets(address);
  if (octets === null) return [];
  const last = ipFromBytes(octets.subarray(12));
  // ::1 and :: are not IPv4-compatible addresses.
  const compatible = starts(octets, `${ZEROS_8}00000000`) && octets.readUInt32BE(12) > 0xffff;
  const isSpelling =
    compatible ||
    starts(octets, `${ZEROS_8}0000ffff`) ||
    starts(octets, `${ZEROS_8}ffff0000`) ||
    starts(octets, '0064ff9b0000000000000000');
  return isSpelling ? [last] : [];
}

/**
 * Every IPv4 address that a packet to this IPv6 address may reach: those of `spelledIpv4`, 6to4 (RFC 3056 §2), Teredo
 * (RFC 4380 §4), ISATAP (RFC 5214 §6.1) and local NAT64 (RFC 8215). Only its operator knows the length of a local NAT64
 * prefix, so every length is tried.
 */
export function embeddedIpv4(address: string): string[] {
  const octets = ipv6Octets(address);
  if (octets === null) return [];
  const found = spelledIpv4(address);
  const at = (positions: readonly number[], mask = 0) =>
    found.push(positions.map((position) => (octets[position] ?? 0) ^ mask).join('.'));
  if (starts(octets, '2002')) at([2, 3, 4, 5]);
  if (starts(octets, '20010000')) at([12, 13, 14, 15], 0xff);
  if (/^0[02]005efe$/.test(octets.toString('hex', 8, 12))) at([12, 13, 14, 15]);
  if (starts(octets, '0064ff9b0001')) {
    // Another prefix length has zeros there, and 0.x.x.x is never a host.
    for (const positions of RFC6052_OCTETS) if (octets[positions[0]] !== 0) at(positions);
  }
  return found;
}

function ipv6Octets(address: string): Buffer | null {
  const bare = address.replace(/%.*/s, '');
  return isIPv6(bare) ? ipToBytes(bare) : null;
}
