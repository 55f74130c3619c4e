import { DerError, unlessMalformed } from './der-error.js';
import { DerReader } from './der-reader.js';
import { ia5String, oid, printableString, sequence, set, utf8String } from './der-writer.js';
import { OID } from './oids.js';
import { TAG } from './tags.js';

/** RFC 5280 §4.1.2.4: one attribute; `type` is a dotted object identifier. */
export interface Attribute {
  type: string;
  value: string;
}

/** Relative distinguished names in encoding order, each a set of one or more attributes. */
export type DistinguishedName = Attribute[][];

/** RFC 4514 §3 short names, and two more that operators use. */
const SHORT_NAMES: Record<string, string> = {
  CN: OID.commonName,
  SERIALNUMBER: OID.serialNumber,
  C: OID.countryName,
  L: OID.localityName,
  ST: OID.stateOrProvinceName,
  STREET: OID.streetAddress,
  O: OID.organizationName,
  OU: OID.organizationalUnitName,
  UID: OID.userId,
  DC: OID.domainComponent,
  EMAILADDRESS: OID.emailAddress,
};
const OID_NAMES = new Map(Object.entries(SHORT_NAMES).map(([name, type]) => [type, name]));

/** A name of single-attribute RDNs, in encoding order: `dn(['O', 'uPKI'], ['CN', 'x'])`. */
export function dn(...attributes: [name: string, value: string][]): DistinguishedName {
  return attributes.map(([name, value]) => [{ type: typeOf(name), value }]);
}

/** First attribute of the type, or null. */
export function attributeOf(name: DistinguishedName, type: string): string | null {
  for (const rdn of name) for (const attribute of rdn) if (attribute.type === type) return attribute.value;
  return null;
}

/** DER of a Name. Country and serial number are PrintableString, e-mail and domain component IA5String, the rest UTF8String. */
export function encodeName(name: DistinguishedName): Buffer {
  return sequence(
    ...name.map((rdn) =>
      // X.690 §11.6: DER sorts the members of a SET OF by their encodings.
      set(...rdn.map(encodeAttribute).sort(Buffer.compare)),
    ),
  );
}

function encodeAttribute({ type, value }: Attribute): Buffer {
  if (type === OID.countryName || type === OID.serialNumber)
    return sequence(oid(type), printableString(value));
  if (type === OID.emailAddress || type === OID.domainComponent) return sequence(oid(type), ia5String(value));
  return sequence(oid(type), utf8String(value));
}

/** Reads a Name from its DER. @throws DerError */
export function parseName(der: Uint8Array, what = 'name'): DistinguishedName {
  const outer = new DerReader(der, what);
  const name = readName(outer, what);
  outer.end();
  return name;
}

/** Reads the next Name. @throws DerError */
export function readName(reader: DerReader, what: string): DistinguishedName {
  const rdns = reader.sequence(what);
  const name: DistinguishedName = [];
  while (!rdns.done) {
    const members = rdns.enter(TAG.set, what);
    const rdn: Attribute[] = [];
    while (!members.done) {
      const attribute = members.sequence(what);
      const type = attribute.oid(what);
      const { tag, content, bytes } = attribute.next();
      attribute.end();
      rdn.push({ type, value: text(tag, content) ?? `#${bytes.toString('hex')}` });
    }
    if (rdn.length === 0) throw new DerError(`${what}: has an empty relative name`);
    name.push(rdn);
  }
  return name;
}

function text(tag: number, content: Buffer): string | null {
  switch (tag) {
    case TAG.utf8String: {
      const decoded = content.toString('utf8');
      if (decoded.includes('\ufffd') && Buffer.compare(Buffer.from(decoded), content) !== 0) {
        throw new DerError('name: has a value that is not UTF-8');
      }
      return decoded;
    }
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.teletexString:
      return content.toString('latin1');
    case TAG.bmpString:
      if (content.length % 2 === 1) throw new DerError('name: has a BMPString of odd length');
      return Buffer.from(content).swap16().toString('utf16le');
    case TAG.universalString:
      return fromUcs4(content);
    default:
      return null;
  }
}

/** A UniversalString: four octets a character. */
function fromUcs4(content: Buffer): string {
  const characters = Array.from({ length: content.length / 4 }, (_, index) =>
    content.readUInt32BE(4 * index),
  );
  if (content.length % 4 > 0 || characters.some((character) => character > 0x10ffff))
    throw new DerError('name: has a UniversalString that is no text');
  return String.fromCodePoint(...characters);
}

/** RFC 4514 §2 string: most specific RDN first. The inverse of `parseDn` except for the order of multi-valued RDNs. */
export function formatDn(name: DistinguishedName): string {
  return [...name]
    .reverse()
    .map((rdn) =>
      rdn.map(({ type, value }) => `${OID_NAMES.get(type) ?? type}=${escapeValue(value)}`).join('+'),
    )
    .join(',');
}

function escapeValue(value: string): string {
  return value.replace(/^[ #]|[\\",+;<>=]| $/g, '\\$&').replaceAll('\0', '\\00');
}

/**
 * Reads `CN=x,O=uPKI` (RFC 4514, most specific first) and `/O=uPKI/CN=x` (encoding order).
 * @throws DerError naming the part that cannot be read.
 */
export function parseDn(textual: string): DistinguishedName {
  if (textual.length > 4096) throw new DerError('distinguished name: is too long');
  if (textual.startsWith('/')) return parseSlashDn(textual);
  return split(textual, ',')
    .map((rdn) => split(rdn, '+').map(parseAttribute))
    .reverse();
}

/** Like `parseDn`; null when the text is not a DN. */
export function readDn(textual: string): DistinguishedName | null {
  return unlessMalformed(() => parseDn(textual));
}

/** Reads a certificate holder: a DN in either notation, or a bare common name. @throws DerError */
export function parseHolder(textual: string): DistinguishedName {
  const name = textual.includes('=') ? parseDn(textual) : dn(['CN', textual.trim()]);
  if (name.flat().some(({ value }) => value === ''))
    throw new DerError('distinguished name: has an empty value');
  return name;
}

function parseSlashDn(textual: string): DistinguishedName {
  const parts = textual.slice(1).split(/(?<!\\)\/(?=[A-Za-z0-9.]+=)/);
  return parts.map((part) => {
    const equals = part.indexOf('=');
    if (equals < 1) throw new DerError(`distinguished name: "${part.slice(0, 64)}" is not type=value`);
    return [{ type: typeOf(part.slice(0, equals)), value: part.slice(equals + 1).replace(/\\(.)/g, '$1') }];
  });
}

/** Splits at unescaped separators. The backslash is the only quoting of RFC 4514. */
function split(textual: string, separator: string): string[] {
  const parts: string[] = [''];
  for (let index = 0; index < textual.length; index += 1) {
    const character = textual[index] ?? '';
    if (character === '\\') {
      parts[parts.length - 1] += character + (textual[index + 1] ?? '');
      index += 1;
    } else if (character === separator) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

function parseAttribute(textual: string): Attribute {
  const equals = textual.indexOf('=');
  if (equals < 1) throw new DerError(`distinguished name: "${textual.slice(0, 64)}" is not type=value`);
  const raw = withoutSpaces(textual.slice(equals + 1));
  const bytes: number[] = [];
  for (let index = 0; index < raw.length; ) {
    const hex = /^\\([0-9a-fA-F]{2})/.exec(raw.slice(index, index + 3));
    if (hex?.[1]) {
      bytes.push(Number.parseInt(hex[1], 16));
      index += 3;
      continue;
    }
    if (raw[index] === '\\') index += 1;
    const character = String.fromCodePoint(raw.codePointAt(index) ?? 0x5c);
    bytes.push(...Buffer.from(character));
    index += character.length;
  }
  const value = Buffer.from(bytes).toString('utf8');
  if (value === '') throw new DerError(`distinguished name: "${textual.slice(0, 64)}" has no value`);
  return { type: typeOf(textual.slice(0, equals).trim()), value };
}

function typeOf(name: string): string {
  const type = SHORT_NAMES[name.toUpperCase()];
  if (type) return type;
  if (/^[0-2](\.(0|[1-9]\d{0,14}))+$/.test(name)) return name;
  throw new DerError(`distinguished name: "${name.slice(0, 32)}" is not an attribute type`);
}

/** RFC 5280 §7.1: names are equal when they have the same attributes in the same order, with case and inner spaces folded. */
export function sameDn(left: DistinguishedName, right: DistinguishedName): boolean {
  return dnKey(left) === dnKey(right);
}

/** A string that is equal for equal names, for maps and database keys. */
export function dnKey(name: DistinguishedName): string {
  return JSON.stringify(
    name.map((rdn) =>
      rdn.map(({ type, value }) => [type, fold(value)]).sort((a, b) => (String(a) < String(b) ? -1 : 1)),
    ),
  );
}

function fold(value: string): string {
  return value.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/** RFC 4514 §2.4: spaces around a value are not part of it, except an escaped one. */
function withoutSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (text[start] === ' ') start += 1;
  while (end > start && text[end - 1] === ' ' && text[end - 2] !== '\\') end -= 1;
  return text.slice(start, end);
}
