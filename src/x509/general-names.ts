import { DerError } from './der-error.js';
import { sequenceIn } from './der-reader.js';
import { encode, sequence } from './der-writer.js';
import { hostAddressOf, ipToBytes } from './ip-address.js';
import { contextConstructed, contextPrimitive } from './tags.js';

/** RFC 5280 §4.2.1.6: a subject alternative name of a supported kind. */
export interface SubjectName {
  type: 'dns' | 'ip' | 'email' | 'uri';
  value: string;
}

/** A name of any kind; an unsupported one is `other` with its tag. */
export type GeneralName = SubjectName | { type: 'other'; tag: number };

/** The tags of the supported kinds of GeneralName. */
export const NAME_TAGS: Readonly<Record<SubjectName['type'], number>> = {
  email: contextPrimitive(1),
  dns: contextPrimitive(2),
  uri: contextPrimitive(6),
  ip: contextPrimitive(7),
};
const TYPES = new Map(Object.entries(NAME_TAGS).map(([type, tag]) => [tag, type as SubjectName['type']]));

/** The kind of name with this tag; null for an unsupported one. */
export function nameTypeOf(tag: number): SubjectName['type'] | null {
  return TYPES.get(tag) ?? null;
}

/** One encoded GeneralName. IA5String kinds must be ASCII. */
function encodeGeneralName({ type, value }: SubjectName): Buffer {
  if (type === 'ip') return encode(NAME_TAGS.ip, ipToBytes(value));
  if (!/^[\x21-\x7e]+$/.test(value)) throw new DerError(`${type} name: is not printable ASCII`);
  return encode(NAME_TAGS[type], Buffer.from(value, 'latin1'));
}

/** Value of a subjectAltName extension. */
export function encodeGeneralNames(names: readonly SubjectName[]): Buffer {
  return sequence(...names.map(encodeGeneralName));
}

/** Names of a subjectAltName extension value (DER of GeneralNames); addresses as `hostAddress`. @throws DerError */
export function parseGeneralNames(der: Uint8Array, what = 'subjectAltName'): GeneralName[] {
  const reader = sequenceIn(der, what);
  const names: GeneralName[] = [];
  while (!reader.done) {
    const { tag, content } = reader.next();
    const type = nameTypeOf(tag);
    if (type !== null)
      names.push({ type, value: type === 'ip' ? hostAddressOf(content) : ascii(content, what) });
    else if (tag === contextConstructed(0) || (tag & 0xc0) === 0x80) names.push({ type: 'other', tag });
    else throw new DerError(`${what}: has something that is not a GeneralName`);
  }
  return names;
}

function ascii(content: Buffer, what: string): string {
  const text = content.toString('latin1');
  if (!/^[\x20-\x7e]*$/.test(text)) throw new DerError(`${what}: has a name that is not ASCII`);
  return text;
}
