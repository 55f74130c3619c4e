/** RFC 9773 §4.1: `base64url(keyIdentifier of the AKI) "." base64url(serial as DER integer content)`. */

/** @param akiHex lower-case hex key identifier. @param serialHex lower-case hex serial. */
export function ariCertificateId(akiHex: string, serialHex: string): string {
  const padded = Number.parseInt(serialHex.slice(0, 2), 16) >= 0x80 ? `00${serialHex}` : serialHex;
  return `${Buffer.from(akiHex, 'hex').toString('base64url')}.${Buffer.from(padded, 'hex').toString('base64url')}`;
}

/** The parts of a certificate identifier in hex, or null when it is not one. */
export function parseAriCertificateId(id: string): { aki: string; serial: string } | null {
  const match = /^([A-Za-z0-9_-]{1,128})\.([A-Za-z0-9_-]{1,64})$/.exec(id);
  if (!match?.[1] || !match[2]) return null;
  const [aki, serial] = [match[1], match[2]].map((part) => Buffer.from(part, 'base64url'));
  if (!aki?.length || !serial?.length) return null;
  if (aki.toString('base64url') !== match[1] || serial.toString('base64url') !== match[2]) return null;
  return { aki: aki.toString('hex'), serial: serial.toString('hex').replace(/^(00)+(?=..)/, '') };
}
