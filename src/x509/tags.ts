/** X.690 identifier octets used in RFC 5280 and RFC 2986. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[n] IMPLICIT` of a primitive. */
export const contextPrimitive = (number: number): number => 0x80 | number;
/** `[n] EXPLICIT`, or `[n] IMPLICIT` of a constructed type. */
export const contextConstructed = (number: number): number => 0xa0 | number;
