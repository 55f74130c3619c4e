/** RFC 8032 §5.1: the field of Ed25519 has 2^255 - 19 elements. */
const P = (1n << 255n) - 19n;

const ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;

/** y of the points of order 1, 2, 4 and 8; x has either sign. */
const SMALL_ORDER_Y = new Set([1n, P - 1n, 0n, ORDER_8, P - ORDER_8]);

/**
 * Why an encoded Ed25519 public key (32 octets) must not be used; null for a good key. For a point of small order, anyone
 * can make signatures that verify for many messages. A key that is not encoded canonically would have two fingerprints.
 */
export function ed25519Weakness(encoded: Uint8Array): string | null {
  const y = BigInt(`0x${Buffer.from(encoded).reverse().toString('hex')}`) & ((1n << 255n) - 1n);
  if (y >= P) return 'its point is not encoded canonically (RFC 8032 §5.1.3)';
  return SMALL_ORDER_Y.has(y) ? 'its point has small order' : null;
}
