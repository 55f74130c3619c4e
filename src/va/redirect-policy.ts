import { AddressSet, DEFAULT_DENY } from './address-policy.js';

/**
 * This machine, and addresses that no operator wants a stranger's redirect to reach, whatever may be ordered.
 * RFC 8215: local NAT64.
 */
const NEVER = new AddressSet([...DEFAULT_DENY, '127.0.0.0/8', '::1/128', '64:ff9b:1::/48']);
const THIS_MACHINE = new AddressSet(['127.0.0.0/8', '::1/128']);
/** RFC 1918, RFC 6598, RFC 6890, RFC 2544, RFC 4193, RFC 3879. */
const PRIVATE = new AddressSet([
  ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '192.0.0.0/24', '198.18.0.0/15'],
  ...['fc00::/7', 'fec0::/10'],
]);

/** How far an address is reached from: this machine, a private network, everywhere. */
function widthOf(address: string): number {
  if (THIS_MACHINE.has(address)) return 0;
  return PRIVATE.has(address) ? 1 : 2;
}

/**
 * Where the redirects of one attempt may lead: to the address that answered first, which is the identifier's
 * own; never to this machine, link-local or metadata addresses; and never from a wider network into a
 * narrower one. So nobody outside a network can make this authority probe it.
 */
export class RedirectPolicy {
  #own: string | null = null;
  #widest = 0;

  /** At the first hop this policy allows every address. */
  allows(address: string): boolean {
    if (this.#own === null || address === this.#own) return true;
    return !NEVER.has(address) && widthOf(address) >= this.#widest;
  }

  /** A connection to this address was made. */
  reached(address: string): void {
    this.#own ??= address;
    this.#widest = Math.max(this.#widest, widthOf(address));
  }
}
