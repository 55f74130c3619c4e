/**
 * Serial numbers: a JSON integer on the wire, lower-case hex of even length inside the program. Zero is not a serial, nor
 * is anything longer than 20 octets (RFC 5280 §4.1.2.2).
 */

const MAX_SERIAL = 1n << 160n;

/** Hex of a wire serial, or null when it is not one. */
export function serialToHex(value: bigint | number): string | null {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return null;
  const serial = BigInt(value);
  if (serial <= 0n || serial >= MAX_SERIAL) return null;
  const hex = serial.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

/** The integer of a serial in hex. */
export function serialFromHex(hex: string): bigint {
  return BigInt(`0x${hex}`);
}

/**
 * Reads a serial in the usual notations and returns it in hex: decimal digits, or hex with `0x`, with colons, or with a
 * letter in it. Null when the text is not a serial.
 */
export function parseSerial(text: string): string | null {
  if (/^\d{1,49}$/.test(text)) return serialToHex(BigInt(text));
  const hex = text.replace(/^0x/i, '').replaceAll(':', '');
  return /^[0-9a-f]{1,42}$/i.test(hex) ? serialToHex(BigInt(`0x${hex}`)) : null;
}
