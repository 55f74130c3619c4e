import type { KeyObject } from 'node:crypto';
import { readSignatureAlgorithm, type Signer, verifySignature } from './algorithms.js';
import { DerError } from './der-error.js';
import { DerReader } from './der-reader.js';
import {
  bitString,
  encode,
  explicit,
  header,
  integer,
  integerFromHex,
  sequence,
  time,
} from './der-writer.js';
import { type Extension, encodeExtension, readExtensions } from './extensions.js';
import { type DistinguishedName, readName } from './name.js';
import { OID } from './oids.js';
import { contextConstructed, contextPrimitive, TAG } from './tags.js';

/** RFC 5280 §5.3.1 reason codes by name; 7 is not used. */
export const REVOCATION_REASON = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;

/** Entry extensions by reason code: ten different ones in any CRL. */
const reasonExtensions = new Map<number, Buffer>();

function reasonExtension(reason: number): Buffer {
  let extensions = reasonExtensions.get(reason);
  if (!extensions) {
    const code = encode(TAG.enumerated, Buffer.from([reason]));
    extensions = sequence(encodeExtension(OID.reasonCode, code));
    reasonExtensions.set(reason, extensions);
  }
  return extensions;
}

/** DER of one revokedCertificates entry. §5.3.1: reason 0 is left out. `serial` in hex, `revokedAt` in ms. */
export function encodeCrlEntry(serial: string, revokedAt: number, reason: number | null): Buffer {
  if (!reason) return sequence(integerFromHex(serial), time(revokedAt));
  return sequence(integerFromHex(serial), time(revokedAt), reasonExtension(reason));
}

/** RFC 5280 §4.2.1.1 value with a key identifier. */
export function encodeAuthorityKeyIdentifier(keyIdentifier: Uint8Array): Buffer {
  return sequence(encode(contextPrimitive(0), keyIdentifier));
}

export interface CrlFields {
  /** DER Name of the issuer, exactly as in its certificate. */
  issuer: Uint8Array;
  authorityKeyIdentifier: Uint8Array;
  thisUpdate: number;
  nextUpdate: number;
  number: bigint;
  /** Encoded entries (`encodeCrlEntry`), any number a chunk. */
  entries: readonly Uint8Array[];
}

/** RFC 5280 §5: DER of a signed version 2 CRL with number and AKI. */
export async function createCrl(fields: CrlFields, signer: Signer): Promise<Buffer> {
  const { toBeSigned, signedWith } = unsignedCrl(fields, signer.algorithm);
  return signedWith(await signer.sign(toBeSigned));
}

/** A CRL before it is signed, and what makes it whole. */
export function unsignedCrl(
  fields: CrlFields,
  algorithm: Buffer,
): { toBeSigned: Buffer; signedWith(signature: Buffer): Buffer } {
  const extensions = sequence(
    encodeExtension(OID.authorityKeyIdentifier, encodeAuthorityKeyIdentifier(fields.authorityKeyIdentifier)),
    encodeExtension(OID.cRLNumber, integer(fields.number)),
  );
  const before = [
    integer(1),
    algorithm,
    Buffer.from(fields.issuer),
    time(fields.thisUpdate),
    time(fields.nextUpdate),
  ];
  // §5.1.2.6: absent, not empty, when nothing is revoked.
  const listed =
    fields.entries.length > 0 ? [header(TAG.sequence, total(fields.entries)), ...fields.entries] : [];
  const parts = [...before, ...listed, explicit(0, extensions)];
  const tbs = [header(TAG.sequence, total(parts)), ...parts];

  // The list may be megabytes: it is copied once, to where it stands in the end, and signed there.
  const room = Buffer.allocUnsafe(LONGEST_HEADER + total(tbs) + algorithm.length + LONGEST_SIGNATURE);
  let end = LONGEST_HEADER;
  for (const part of tbs) {
    room.set(part, end);
    end += part.length;
  }
  const toBeSigned = room.subarray(LONGEST_HEADER, end);
  const signedWith = (signature: Buffer) => {
    let whole = end;
    for (const part of [algorithm, bitString(signature)]) {
      room.set(part, whole);
      whole += part.length;
    }
    const outer = header(TAG.sequence, whole - LONGEST_HEADER);
    const start = LONGEST_HEADER - outer.length;
    room.set(outer, start);
    return room.subarray(start, whole);
  };
  return { toBeSigned, signedWith };
}

/** Tag and four octets of length with their count. */
const LONGEST_HEADER = 6;
/** A bit string of an RSA signature of 8192 bits. */
const LONGEST_SIGNATURE = 1100;

function total(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** What a CRL says of itself. */
export interface CrlHead {
  thisUpdate: number;
  nextUpdate: number | null;
  /** CRL number, or null in a version 1 list. */
  number: bigint | null;
}

export interface ParsedCrl extends CrlHead {
  tbs: Buffer;
  issuer: DistinguishedName;
  entries: { serial: string; revokedAt: number; reason: number | null }[];
  extensions: Map<string, Extension>;
  signatureAlgorithm: string;
  signature: Buffer;
}

/** When a CRL (DER) was made and is replaced, without reading what it lists. @throws DerError */
export function readCrlTimes(der: Uint8Array): Pick<ParsedCrl, 'thisUpdate' | 'nextUpdate'> {
  return readHeader(new DerReader(der, 'CRL').sequence('CRL').sequence('TBSCertList'));
}

/** Reads a DER CRL strictly; its signature is not checked here. @throws DerError */
export function parseCrl(der: Uint8Array): ParsedCrl {
  return readCrl(der, true);
}

/** Reads what a DER CRL says of itself; its entries, of which there may be very many, are skipped. @throws DerError */
export function parseCrlHead(der: Uint8Array): CrlHead {
  const { thisUpdate, nextUpdate, number } = readCrl(der, false);
  return { thisUpdate, nextUpdate, number };
}

/** Whether these bytes are a DER CRL that was signed with this issuer's key. */
export function isCrlSignedBy(der: Uint8Array, issuerKey: KeyObject): boolean {
  try {
    const { signatureAlgorithm, tbs, signature } = readCrl(der, false);
    return verifySignature(signatureAlgorithm, issuerKey, tbs, signature);
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}

function readCrl(der: Uint8Array, withEntries: boolean): ParsedCrl {
  const what = 'CRL';
  const outer = new DerReader(der, what);
  const list = outer.sequence(what);
  outer.end();
  const tbsElement = list.next();
  const tbs = new DerReader(tbsElement.bytes, what).sequence('TBSCertList');
  const { algorithm: inner, issuer, thisUpdate, nextUpdate } = readHeader(tbs);
  const entries: ParsedCrl['entries'] = [];
  if (tbs.peek() === TAG.sequence) {
    const revoked = tbs.sequence('revokedCertificates');
    while (withEntries && !revoked.done) entries.push(readEntry(revoked));
  }
  let extensions = new Map<string, Extension>();
  if (!tbs.done) {
    const wrapper = tbs.enter(contextConstructed(0), 'CRL extensions');
    extensions = readExtensions(wrapper, 'CRL extensions');
    wrapper.end();
  }
  tbs.end();
  const signatureAlgorithm = readSignatureAlgorithm(list, 'CRL signature algorithm');
  if (inner !== signatureAlgorithm) throw new DerError('CRL: names two signature algorithms');
  const signature = list.octetAlignedBits('CRL signature');
  list.end();
  const number = extensions.get(OID.cRLNumber);
  return {
    tbs: tbsElement.bytes,
    issuer,
    thisUpdate,
    nextUpdate,
    number: number ? BigInt(`0x${new DerReader(number.value, 'cRLNumber').unsignedHex('cRLNumber')}`) : null,
    entries,
    extensions,
    signatureAlgorithm,
    signature,
  };
}

/** RFC 5280 §5.1.2: what stands before the entries. */
function readHeader(tbs: DerReader) {
  if (tbs.peek() === TAG.integer && tbs.smallInteger('CRL version') !== 1)
    throw new DerError('CRL: is not version 2');
  const algorithm = readSignatureAlgorithm(tbs, 'CRL signature algorithm');
  const issuer = readName(tbs, 'CRL issuer');
  const thisUpdate = tbs.time('thisUpdate');
  const isTime = tbs.peek() === TAG.utcTime || tbs.peek() === TAG.generalizedTime;
  return { algorithm, issuer, thisUpdate, nextUpdate: isTime ? tbs.time('nextUpdate') : null };
}

function readEntry(revoked: DerReader): ParsedCrl['entries'][number] {
  const entry = revoked.sequence('CRL entry');
  const serial = entry.unsignedHex('CRL entry serial');
  const revokedAt = entry.time('CRL entry date');
  let reason: number | null = null;
  if (!entry.done) {
    const extension = readExtensions(entry, 'CRL entry extensions').get(OID.reasonCode);
    if (extension) {
      const { content } = new DerReader(extension.value, 'reasonCode').expect(TAG.enumerated, 'reasonCode');
      if (content.length !== 1) throw new DerError('reasonCode: is not one octet');
      reason = content[0] ?? null;
    }
  }
  entry.end();
  return { serial, revokedAt, reason };
}
