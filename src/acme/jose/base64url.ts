/**
 * RFC 7515 §2 base64url as RFC 8555 §6.1 requires it: no padding, no white space, no other alphabet, no stray
 * bits at the end. Null for anything else.
 */
export function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  // Node's decoder is lenient; only canonical text survives the round trip.
  return bytes.toString('base64url') === text ? bytes : null;
}
