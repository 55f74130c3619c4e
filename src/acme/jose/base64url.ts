/** Decodes base64url (RFC 7515 §2, RFC 8555 §6.1). Null for padding, white space, another alphabet or stray bits at the end. */
export function decodeBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  // Node's decoder is lenient, so only a text that encodes to itself again is accepted.
  return bytes.toString('base64url') === text ? bytes : null;
}
