/**
 * Random octets with the first bit cleared, so that their base64url begins with a letter. Secrets are pasted
 * into command lines, where programs take a word that begins with "-" for an option.
 */
export function letterFirst(octets: Buffer): Buffer {
  const changed = Buffer.from(octets);
  changed[0] = (changed[0] ?? 0) & 0x7f;
  return changed;
}
