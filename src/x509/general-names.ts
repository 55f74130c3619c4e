import { DerError } from './der-error.js';
import { sequenceIn } from './der-reader.js';
import { encode, sequence } from './der-writer.js';
import { hostAddressOf, ipToBytes } from './ip-address.js';
import { contextConstructed, contextPrimitive } from './tags.js';

/** RFC 5280 §4.2.1.6: the supported kinds of subject alternative name; any other kind is `other` with its tag. */
export type GeneralName =
  | { type: 'dns' | 'ip' | 'email' | 'uri'; value: string }
  | { type: 'other'; tag: number };

const EMAIL = contextPrimitive(1);
const DNS = contextPrimitive(2);
const URI = contextPrimitive(6);
const IP = contextPrimitive(7);

/** One encoded GeneralName. IA5String kinds must be ASCII. */
function encodeGeneralName(name: { type: 'dns' | 'ip' | 'email' | 'uri'; value: string }): Buffer {
  if (name.type === 'ip') return encode(IP, ipToBytes(name.value));
  if (!/^[\x21-\x7e]+$/.test(name.value)) throw new DerError(`${name.type} name: is not printable ASCII`);
  const tag = name.type === 'dns' ? DNS : name.type === 'email' ? EMAIL : URI;
  return encode(tag, Buffer.from(name.value, 'latin1'));
}

/** Value of a subjectAltName extension. */
export function encodeGeneralNames(
  names: readonly { type: 'dns' | 'ip' | 'email' | 'uri'; value: string }[],
): Buffer {
  return sequence(...names.map(encodeGeneralName));
}

/** Names of a subjectAltName extension value (DER of GeneralNames); addresses as `hostAddress`. @throws DerError */
export function parseGeneralNames(der: Uint8Array, what = 'subjectAltName'): GeneralName[] {
  const reader = sequenceIn(der, what);
  const names: GeneralName[] = [];
  while (!reader.done) {
    const { tag, content } = reader.next();
    if (tag === IP) names.push({ type: 'ip', value: hostAddressOf(content) });
    else if (tag === DNS) names.push({ type: 'dns', value: ascii(content, what) });
    else if (tag === EMAIL) names.push({ type: 'email', value: ascii(content, what) });
    else if (tag === URI) names.push({ type: 'uri', value: ascii(content, what) });
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
