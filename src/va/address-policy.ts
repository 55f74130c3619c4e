import { BlockList, isIP, isIPv6 } from 'node:net';
import { embeddedIpv4 } from '../x509/embedded-ipv4.js';

/**
 * Addresses never dialed unless the operator allows them: those that reach this machine's neighbours or cloud
 * metadata instead of a subscriber (RFC 3927, RFC 4291 §2.5.6), and those that belong to no host. Subscribers
 * live on loopback and in private ranges, so those are allowed.
 */
export const DEFAULT_DENY = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  'fe80::/10',
  'ff00::/8',
  // Metadata services that are not link-local: AWS, Scaleway, Google, Alibaba, Azure, Oracle.
  'fd00:ec2::254/128',
  'fd00:42::42/128',
  'fd20:ce::254/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
];

/**
 * A set of addresses. It includes IPv6 addresses that lead to one of its IPv4 addresses, in any form (RFC
 * 4291, 6052, 8215, 3056 …).
 */
export class AddressSet {
  readonly #entries: { cidr: string; list: BlockList }[] = [];
  /** All entries: one look is enough for an address that is in none. */
  readonly #all = new BlockList();

  /** @throws Error naming the entry that is neither an address nor a CIDR. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [address = '', prefix] = cidr.split('/');
      const family = familyOf(address);
      const most = family === 'ipv6' ? 128 : 32;
      if (
        isIP(address) === 0 ||
        (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) ||
        Number(prefix ?? 0) > most
      ) {
        throw new Error(`"${cidr}" is neither an IP address nor a CIDR`);
      }
      const list = new BlockList();
      for (const each of [list, this.#all]) each.addSubnet(address, Number(prefix ?? most), family);
      this.#entries.push({ cidr, list });
    }
  }

  has(address: string): boolean {
    return this.entryFor(address) !== null;
  }

  /** The first entry that contains the address, as it was given; null when none does. */
  entryFor(address: string): string | null {
    const bare = address.replace(/%.*/s, '');
    const forms = [bare, ...embeddedIpv4(bare)];
    const isIn = (list: BlockList) => forms.some((each) => list.check(each, familyOf(each)));
    return isIn(this.#all) ? (this.#entries.find(({ list }) => isIn(list))?.cidr ?? null) : null;
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
