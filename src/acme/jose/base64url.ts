/**
 * RFC 7515 §2 base64url, as RFC 8555 §6.1 demands it: no padding, no white space, no other alphabet, and no
 * stray bits at the end. Null for anything else.
 */
export function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  // Node's decoder forgives; only canonical text comes back as it was.
  return bytes.toString('base64url') === text ? bytes : null;
}
