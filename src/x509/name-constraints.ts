import { isIP } from 'node:net';
import type { ParsedCertificate } from './certificate.js';
import { DerError } from './der-error.js';
import { type DerReader, sequenceIn } from './der-reader.js';
import { encode, sequence } from './der-writer.js';
import { readExtension } from './extensions.js';
import { NAME_TAGS, nameTypeOf, type SubjectName } from './general-names.js';
import { ipFromBytes, ipToBytes } from './ip-address.js';
import { OID } from './oids.js';
import { contextConstructed, contextPrimitive } from './tags.js';

/** RFC 5280 §4.2.1.10: the names that a CA certificate permits in the certificates below it. */

/** A kind of name and its base: CIDR for `ip`, the RFC's notation for the others. */
export type Subtree = SubjectName;

export interface NameConstraints {
  permitted: readonly Subtree[];
  excluded: readonly Subtree[];
  /** Whether it also constrains kinds of names that are not checked here, such as directory names. */
  others: boolean;
}

/** Value of a nameConstraints extension. */
export function encodeNameConstraints({ permitted, excluded }: Omit<NameConstraints, 'others'>): Buffer {
  const encoded = (each: Subtree) => sequence(encode(NAME_TAGS[each.type], baseOf(each)));
  const list = (tag: number, subtrees: readonly Subtree[]) =>
    subtrees.length === 0 ? [] : [encode(contextConstructed(tag), ...subtrees.map(encoded))];
  return sequence(...list(0, permitted), ...list(1, excluded));
}

function baseOf({ type, value }: Subtree): Buffer {
  if (type !== 'ip') return Buffer.from(value, 'latin1');
  const [address = '', bits = ''] = value.split('/');
  const octets = ipToBytes(address);
  const mask = maskOf(Number(bits), octets.length);
  return Buffer.concat([octets.map((octet, at) => octet & (mask[at] ?? 0)), mask]);
}

const maskOf = (bits: number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => (0xff00 >> Math.min(8, Math.max(0, bits - 8 * at))) & 0xff));

/** @throws DerError */
export function parseNameConstraints(value: Uint8Array): NameConstraints {
  const what = 'nameConstraints';
  const reader = sequenceIn(value, what);
  let others = false;
  const list = (tag: number): Subtree[] => {
    if (reader.peek() !== contextConstructed(tag)) return [];
    const subtrees = reader.enter(contextConstructed(tag), what);
    const found: Subtree[] = [];
    while (!subtrees.done) {
      const subtree = readSubtree(subtrees.sequence(what), what);
      if (subtree === null) others = true;
      else found.push(subtree);
    }
    return found;
  };
  const [permitted, excluded] = [list(0), list(1)];
  reader.end();
  return { permitted, excluded, others };
}

function readSubtree(reader: DerReader, what: string): Subtree | null {
  const { tag, content } = reader.next();
  // minimum is 0 and omitted, maximum is absent (§4.2.1.10); some CAs write the 0.
  if (reader.peek() === contextPrimitive(0) && !reader.next().content.equals(Buffer.from([0])))
    throw new DerError(`${what}: has a minimum`);
  reader.end();
  const type = nameTypeOf(tag);
  if (type === null) return null;
  if (type !== 'ip') return { type, value: content.toString('latin1') };
  if (content.length !== 8 && content.length !== 32)
    throw new DerError(`${what}: has a network that is neither of IPv4 nor of IPv6`);
  const half = content.length / 2;
  return { type, value: `${ipFromBytes(content.subarray(0, half))}/${bitsOf(content.subarray(half), what)}` };
}

function bitsOf(mask: Buffer, what: string): number {
  const bits = [...mask].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  if (!/^1*0*$/.test(bits)) throw new DerError(`${what}: has a mask with holes`);
  return bits.indexOf('0') < 0 ? bits.length : bits.indexOf('0');
}

/** The constraints of a chain, from the leaf's issuer to the root, in any order. All of them apply. @throws DerError */
export function constraintsAbove(chain: readonly Pick<ParsedCertificate, 'extensions'>[]): NameConstraints[] {
  return chain.flatMap((each) => readExtension(each, OID.nameConstraints, parseNameConstraints) ?? []);
}

/** Whether all of these constraints permit the name. */
export function isPermitted(name: SubjectName, constraints: readonly NameConstraints[]): boolean {
  return constraints.every(({ permitted, excluded }) => {
    const of = (subtrees: readonly Subtree[]) => subtrees.filter(({ type }) => type === name.type);
    const allowed = of(permitted);
    if (allowed.length > 0 && !allowed.some(({ value }) => isWithin(name, value))) return false;
    return !of(excluded).some(({ value }) => isWithin(name, value) || standsFor(name, value));
  });
}

/** The names of a certificate that these constraints forbid, including a common name that programs read as a host name. */
export function namesForbidden(
  names: readonly SubjectName[],
  commonName: string | null,
  constraints: readonly NameConstraints[],
): string[] {
  const read = names.concat(asHost(names, commonName));
  return read.filter((name) => !isPermitted(name, constraints)).map(({ value }) => value);
}

/** OpenSSL reads a common name with a dot as a host name when the certificate has no DNS name. */
function asHost(names: readonly SubjectName[], commonName: string | null): SubjectName[] {
  if (commonName === null || names.some(({ type }) => type === 'dns')) return [];
  const isHost = /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/i.test(
    commonName,
  );
  return isHost ? [{ type: 'dns', value: commonName }] : [];
}

function isWithin({ type, value }: SubjectName, base: string): boolean {
  switch (type) {
    case 'dns':
      return base === '' || isBelow(value.toLowerCase(), base.toLowerCase());
    case 'ip':
      return isInNetwork(value, base);
    case 'email':
      return isMailWithin(value, base);
    case 'uri':
      return isHostWithin(hostOf(value), base);
  }
}

/** A wildcard covers names with one more label. */
function standsFor({ type, value }: SubjectName, base: string): boolean {
  if (type !== 'dns' || !value.startsWith('*.')) return false;
  const dot = base.indexOf('.');
  return dot > 0 && base.slice(dot + 1).toLowerCase() === value.slice(2).toLowerCase();
}

const isBelow = (name: string, base: string): boolean =>
  base.startsWith('.') ? name.endsWith(base) : name === base || name.endsWith(`.${base}`);

/** For the host of a mailbox or URI: the base is this exact host; with a leading dot, any host below it. */
function isHostWithin(host: string | null, base: string): boolean {
  if (host === null) return false;
  const [name, wanted] = [host.toLowerCase(), base.toLowerCase()];
  return wanted.startsWith('.') ? name.endsWith(wanted) : name === wanted;
}

function isMailWithin(mailbox: string, base: string): boolean {
  const at = mailbox.lastIndexOf('@');
  if (at < 0) return false;
  const host = mailbox.slice(at + 1);
  const baseAt = base.lastIndexOf('@');
  if (baseAt < 0) return isHostWithin(host, base);
  return mailbox.slice(0, at) === base.slice(0, baseAt) && isHostWithin(host, base.slice(baseAt + 1));
}

/** The host of a URI. Null without a host or with an IP address, which constraints cannot express. */
function hostOf(uri: string): string | null {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)/i.exec(uri)?.[1] ?? '';
  return authority === '' || authority.startsWith('[') || isIP(authority) !== 0 ? null : authority;
}

function isInNetwork(address: string, cidr: string): boolean {
  if (isIP(address) === 0) return false;
  const [network = '', bits = ''] = cidr.split('/');
  const [octets, base] = [ipToBytes(address), ipToBytes(network)];
  if (octets.length !== base.length) return false;
  const mask = maskOf(Number(bits), base.length);
  return octets.every((octet, at) => (octet & (mask[at] ?? 0)) === ((base[at] ?? 0) & (mask[at] ?? 0)));
}

/** For display: `plant.lan, 10.0.0.0/8`. */
export function constraintsText(constraints: readonly NameConstraints[]): string {
  return constraints
    .map(({ permitted, excluded }) => {
      const shown = (subtrees: readonly Subtree[]) =>
        subtrees.map(({ type, value }) => (type === 'email' ? `@${value.replace(/^.*@/, '')}` : value));
      const may = permitted.filter(({ type, value }) => type !== 'uri' && value !== NEVER);
      const not = excluded.filter(
        ({ type, value }) => value !== '' && !(type === 'ip' && value.endsWith('/0')),
      );
      const [yes, no] = [[...new Set(shown(may))].join(', '), shown(not).join(', ')];
      return no === '' ? yes : `${yes === '' ? 'everything' : yes} but ${no}`;
    })
    .join(' and ');
}

/** RFC 6761 §6.4: a domain that never exists. */
export const NEVER = 'invalid';
