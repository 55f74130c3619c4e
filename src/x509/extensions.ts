import { DerError } from './der-error.js';
import { DerReader, octetStringIn, sequenceIn } from './der-reader.js';
import { boolean, integer, octetString, oid, sequence } from './der-writer.js';
import { contextConstructed, TAG } from './tags.js';

/** RFC 5280 §4.2: one extension; `value` is the DER inside its OCTET STRING. */
export interface Extension {
  oid: string;
  critical: boolean;
  value: Buffer;
}

/** DER of one Extension; DEFAULT FALSE is left out (X.690 §11.5). */
export function encodeExtension(identifier: string, value: Uint8Array, critical = false): Buffer {
  return critical
    ? sequence(oid(identifier), boolean(true), octetString(value))
    : sequence(oid(identifier), octetString(value));
}

/** Reads a SEQUENCE OF Extension into a map by OID. An OID may appear once (RFC 5280 §4.2). @throws DerError */
export function readExtensions(reader: DerReader, what: string): Map<string, Extension> {
  const list = reader.sequence(what);
  const extensions = new Map<string, Extension>();
  while (!list.done) {
    const item = list.sequence(what);
    const identifier = item.oid(what);
    const critical = item.peek() === TAG.boolean ? item.boolean(what) : false;
    const value = item.expect(TAG.octetString, what).content;
    item.end();
    if (extensions.has(identifier)) throw new DerError(`${what}: has extension ${identifier} twice`);
    extensions.set(identifier, { oid: identifier, critical, value });
  }
  return extensions;
}

/** The parsed value of an extension; null when it is absent. @throws DerError */
export function readExtension<T>(
  { extensions }: { extensions: ReadonlyMap<string, Extension> },
  identifier: string,
  parse: (value: Buffer) => T,
): T | null {
  const extension = extensions.get(identifier);
  return extension ? parse(extension.value) : null;
}

/** Reads extensions in `[number] EXPLICIT`; none when the reader is at its end. @throws DerError */
export function readTaggedExtensions(
  reader: DerReader,
  number: number,
  what: string,
): Map<string, Extension> {
  if (reader.done) return new Map();
  const wrapper = reader.enter(contextConstructed(number), what);
  const extensions = readExtensions(wrapper, what);
  wrapper.end();
  return extensions;
}

/** RFC 5280 §4.2.1.9. @throws DerError */
export function parseBasicConstraints(value: Uint8Array): { ca: boolean; pathLength: number | null } {
  const what = 'basicConstraints';
  const reader = sequenceIn(value, what);
  const ca = reader.peek() === TAG.boolean ? reader.boolean(what) : false;
  const pathLength = reader.done ? null : reader.smallInteger(what);
  reader.end();
  return { ca, pathLength };
}

/** RFC 5280 §4.2.1.3 bit names, in bit order. */
export const KEY_USAGE = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
type KeyUsage = (typeof KEY_USAGE)[number];

/** @throws DerError */
export function parseKeyUsage(value: Uint8Array): KeyUsage[] {
  const reader = new DerReader(value, 'keyUsage');
  const bits = reader.namedBits('keyUsage');
  reader.end();
  return KEY_USAGE.filter((_, bit) => bits.includes(bit));
}

/** RFC 5280 §4.2.1.12: key purposes as dotted OIDs. @throws DerError */
export function parseExtKeyUsage(value: Uint8Array): string[] {
  const reader = sequenceIn(value, 'extKeyUsage');
  const purposes: string[] = [];
  while (!reader.done) purposes.push(reader.oid('extKeyUsage'));
  return purposes;
}

/** RFC 7633 §6: the TLS extensions (RFC 6066 §8, RFC 6961) by which a server promises to staple an OCSP response. */
export const TLS_FEATURES = { statusRequest: 5, statusRequestV2: 17 } as const;

/** RFC 7633 §4.1: the TLS extensions a server promises to support. @throws DerError */
export function parseTlsFeatures(value: Uint8Array): number[] {
  const reader = sequenceIn(value, 'TLS feature');
  const features: number[] = [];
  while (!reader.done) features.push(reader.smallInteger('TLS feature'));
  return features;
}

/** Value of a TLS feature extension. */
export function encodeTlsFeatures(features: readonly number[]): Buffer {
  return sequence(...features.map((feature) => integer(feature)));
}

/** RFC 5280 §4.2.1.1: the key identifier, lower-case hex, or null when the extension has none. @throws DerError */
export function parseAuthorityKeyIdentifier(value: Uint8Array): string | null {
  const reader = sequenceIn(value, 'authorityKeyIdentifier');
  return reader.optional(0x80)?.content.toString('hex') ?? null;
}

/** RFC 5280 §4.2.1.2, lower-case hex. @throws DerError */
export function parseSubjectKeyIdentifier(value: Uint8Array): string {
  return octetStringIn(value, 'subjectKeyIdentifier').toString('hex');
}
