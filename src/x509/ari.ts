/** RFC 9773 §4.1: `base64url(keyIdentifier of the AKI) "." base64url(serial as DER integer content)`. */

/** @param akiHex lower-case hex key identifier. @param serialHex lower-case hex serial. */
export function ariCertificateId(akiHex: string, serialHex: string): string {
  const padded = Number.parseInt(serialHex.slice(0, 2), 16) >= 0x80 ? `00${serialHex}` : serialHex;
  return `${Buffer.from(akiHex, 'hex').toString('base64url')}.${Buffer.from(padded, 'hex').toString('base64url')}`;
}
