import { BlockList, isIP, isIPv6 } from 'node:net';
import { ipToBytes } from '../x509/ip-address.js';

/**
 * Addresses never dialed unless the operator says otherwise: those that reach this machine's neighbours or its cloud's
 * metadata rather than a subscriber (RFC 3927, RFC 4291 §2.5.6), and those that are no host's. Loopback and private
 * ranges are where our subscribers live.
 */
export const DEFAULT_DENY = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::254/128',
  'fd00:42::42/128',
  'fd20:ce::254/128',
  '100.100.100.200/32',
];

/** Says which addresses may be dialed. */
export class AddressPolicy {
  readonly #denied = new BlockList();

  /** @throws Error naming the entry that is neither an address nor a CIDR. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [address = '', prefix] = cidr.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      const most = family === 'ipv6' ? 128 : 32;
      if (
        isIP(address) === 0 ||
        (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) ||
        Number(prefix ?? 0) > most
      ) {
        throw new Error(`"${cidr}" is neither an IP address nor a CIDR`);
      }
      this.#denied.addSubnet(address, Number(prefix ?? most), family);
    }
  }

  /** False also for IPv6 forms that carry a denied IPv4 address (mapped, compatible, NAT64, 6to4). */
  allows(address: string): boolean {
    if (!isIPv6(address)) return !this.#denied.check(address, 'ipv4');
    if (this.#denied.check(address, 'ipv6')) return false;
    const embedded = embeddedIpv4(address);
    return embedded === null || !this.#denied.check(embedded, 'ipv4');
  }
}

/** The IPv4 address inside RFC 4291 §2.5.5, RFC 6052 §2.1 and RFC 3056 §2 addresses, or null. */
function embeddedIpv4(address: string): string | null {
  const octets = ipToBytes(address.replace(/%.*$/, ''));
  const groups = Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(2 * index));
  const ipv4 = (high = 0, low = 0) => [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  const zero = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0);
  // ::1 and :: are addresses of their own, not IPv4 ones.
  const compatible = groups[5] === 0 && groups[6] !== 0;
  if (zero(0, 5) && (compatible || groups[5] === 0xffff)) return ipv4(groups[6], groups[7]);
  if (groups[0] === 0x64 && groups[1] === 0xff9b && zero(2, 6)) return ipv4(groups[6], groups[7]);
  return groups[0] === 0x2002 ? ipv4(groups[1], groups[2]) : null;
}
