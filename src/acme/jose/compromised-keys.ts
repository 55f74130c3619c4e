/**
 * Reads a list of public keys that must never be used: one SHA-256 of a DER SubjectPublicKeyInfo a line, in hex; blank
 * lines and lines that begin with `#` are skipped.
 * @returns the fingerprints as `spkiFingerprint` of x509/ writes them
 * @throws RangeError naming the line that is wrong
 */
export function parseCompromisedKeys(text: string): ReadonlySet<string> {
  const fingerprints = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    if (!/^[0-9a-f]{64}$/i.test(entry)) {
      throw new RangeError(`line ${index + 1}: a SHA-256 in hex is wanted, 64 characters`);
    }
    fingerprints.add(Buffer.from(entry, 'hex').toString('base64url'));
  }
  return fingerprints;
}
