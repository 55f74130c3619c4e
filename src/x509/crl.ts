import type { KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readSignatureAlgorithm, type Signer, verifySignature } from './algorithms.js';
import { DerError, unlessMalformed } from './der-error.js';
import { DerReader, sequenceIn } from './der-reader.js';
import { bitString, encode, explicit, header, integer, sequence, time } from './der-writer.js';
import { type Extension, encodeExtension, readExtensions, readTaggedExtensions } from './extensions.js';
import { type DistinguishedName, readName } from './name.js';
import { OID } from './oids.js';
import { contextPrimitive, TAG } from './tags.js';

/** RFC 5280 §5.3.1 reason codes by name; 7 is unused. */
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

/** Value of an authorityKeyIdentifier extension (RFC 5280 §4.2.1.1). */
export function encodeAuthorityKeyIdentifier(keyIdentifier: Uint8Array): Buffer {
  return sequence(encode(contextPrimitive(0), keyIdentifier));
}

interface CrlFields {
  /** DER Name of the issuer, exactly as in its certificate. */
  issuer: Uint8Array;
  authorityKeyIdentifier: Uint8Array;
  thisUpdate: number;
  nextUpdate: number;
  number: bigint;
  /** Encoded entries (`encodeCrlEntries`), in chunks of any size. */
  entries: readonly Uint8Array[];
}

/** RFC 5280 §5: DER of a signed version 2 CRL with number and AKI, and the part of it that has the entries. */
export async function createCrl(
  fields: CrlFields,
  signer: Signer,
): Promise<{ der: Buffer; entries: Buffer }> {
  const { toBeSigned, entries, signedWith } = unsignedCrl(fields, signer.algorithm);
  // Copying a long list takes milliseconds, and hashing it as many.
  await nextTurn();
  return { der: signedWith(await signer.sign(toBeSigned)), entries };
}

/** The part of a CRL that is signed, its entries, and a function that adds the signature. */
export function unsignedCrl(
  fields: CrlFields,
  algorithm: Buffer,
): { toBeSigned: Buffer; entries: Buffer; signedWith(signature: Buffer): Buffer } {
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
  const size = total(fields.entries);
  // §5.1.2.6: without revocations the list is absent, not empty.
  const listed = size > 0 ? [header(TAG.sequence, size), ...fields.entries] : [];
  const after = explicit(0, extensions);
  const parts = [...before, ...listed, after];
  const tbs = [header(TAG.sequence, total(parts)), ...parts];

  // The list may be megabytes, so it is copied once, to its final place, and signed there.
  const room = Buffer.allocUnsafe(LONGEST_HEADER + total(tbs) + algorithm.length + LONGEST_SIGNATURE);
  let end = LONGEST_HEADER;
  for (const part of tbs) {
    room.set(part, end);
    end += part.length;
  }
  const toBeSigned = room.subarray(LONGEST_HEADER, end);
  const entries = room.subarray(end - after.length - size, end - after.length);
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
  return { toBeSigned, entries, signedWith };
}

/** A tag, the count of length octets and four of those. */
const LONGEST_HEADER = 6;
/** Above the bit string of an 8192-bit RSA signature. */
const LONGEST_SIGNATURE = 1100;

function total(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** The fields of a CRL without its entries. */
interface CrlHead {
  thisUpdate: number;
  nextUpdate: number | null;
  /** CRL number; null in a version 1 CRL. */
  number: bigint | null;
}

interface ParsedCrl extends CrlHead {
  tbs: Buffer;
  issuer: DistinguishedName;
  entries: { serial: string; revokedAt: number; reason: number | null }[];
  extensions: Map<string, Extension>;
  signatureAlgorithm: string;
  signature: Buffer;
}

/** Reads thisUpdate and nextUpdate of a DER CRL and skips its entries. @throws DerError */
export function readCrlTimes(der: Uint8Array): Pick<ParsedCrl, 'thisUpdate' | 'nextUpdate'> {
  return readHeader(new DerReader(der, 'CRL').sequence('CRL').sequence('TBSCertList'));
}

/** Reads a DER CRL strictly, without verifying its signature. @throws DerError */
export function parseCrl(der: Uint8Array): ParsedCrl {
  return readCrl(der, true);
}

/** Reads a DER CRL but skips its entries, which may be very many. @throws DerError */
export function parseCrlHead(der: Uint8Array): CrlHead {
  const { thisUpdate, nextUpdate, number } = readCrl(der, false);
  return { thisUpdate, nextUpdate, number };
}

/** Whether these bytes are a DER CRL signed with this issuer's key. */
export function isCrlSignedBy(der: Uint8Array, issuerKey: KeyObject): boolean {
  const crl = unlessMalformed(() => readCrl(der, false));
  return crl !== null && verifySignature(crl.signatureAlgorithm, issuerKey, crl.tbs, crl.signature);
}

function readCrl(der: Uint8Array, withEntries: boolean): ParsedCrl {
  const what = 'CRL';
  const list = sequenceIn(der, what);
  const tbsElement = list.next();
  const tbs = new DerReader(tbsElement.bytes, what).sequence('TBSCertList');
  const { algorithm: inner, issuer, thisUpdate, nextUpdate } = readHeader(tbs);
  const entries: ParsedCrl['entries'] = [];
  if (tbs.peek() === TAG.sequence) {
    const revoked = tbs.sequence('revokedCertificates');
    while (withEntries && !revoked.done) entries.push(readEntry(revoked));
  }
  const extensions = readTaggedExtensions(tbs, 0, 'CRL extensions');
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

/** RFC 5280 §5.1.2: the fields before the entries. */
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
