import { encode, explicit, integer, oid, sequence, set } from './der-writer.js';
import { OID } from './oids.js';
import { contextConstructed } from './tags.js';

/** A certificates-only message (RFC 5652 §5 without signers, RFC 8551 §3.7). @param certificates each in DER */
export function certsOnly(certificates: readonly Uint8Array[]): Buffer {
  const signedData = sequence(
    integer(1),
    set(),
    sequence(oid(OID.pkcs7Data)),
    encode(contextConstructed(0), ...certificates),
    set(),
  );
  return sequence(oid(OID.pkcs7SignedData), explicit(0, signedData));
}
