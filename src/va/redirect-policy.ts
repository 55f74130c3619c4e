import { AddressSet, DEFAULT_DENY } from './address-policy.js';

/**
 * Addresses that a redirect must never reach, even if a certificate for them may be ordered: this machine,
 * link-local and metadata addresses, and local NAT64 (RFC 8215).
 */
const NEVER = new AddressSet([...DEFAULT_DENY, '127.0.0.0/8', '::1/128', '64:ff9b:1::/48']);
const THIS_MACHINE = new AddressSet(['127.0.0.0/8', '::1/128']);
/** RFC 1918, RFC 6598, RFC 6890, RFC 2544, RFC 4193, RFC 3879. */
const PRIVATE = new AddressSet([
  ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '192.0.0.0/24', '198.18.0.0/15'],
  ...['fc00::/7', 'fec0::/10'],
]);

/** The range of an address: 0 for this machine, 1 for a private network, 2 for the internet. */
function widthOf(address: string): number {
  if (THIS_MACHINE.has(address)) return 0;
  return PRIVATE.has(address) ? 1 : 2;
}

/**
 * The addresses that redirects of one attempt may lead to: the one that answered first, which is the
 * identifier's; never this machine, link-local or metadata addresses; and never from a wider network into a
 * narrower one. So a server outside of a network cannot make this authority probe it.
 */
export class RedirectPolicy {
  #own: string | null = null;
  #widest = 0;

  /** Whether the next hop may lead to this address; every address is allowed for the first hop. */
  allows(address: string): boolean {
    if (this.#own === null || address === this.#own) return true;
    return !NEVER.has(address) && widthOf(address) >= this.#widest;
  }

  /** Records that a connection to this address was made. */
  reached(address: string): void {
    this.#own ??= address;
    this.#widest = Math.max(this.#widest, widthOf(address));
  }
}
