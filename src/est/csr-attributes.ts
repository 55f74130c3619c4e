import { oid, sequence, set } from '../x509/der-writer.js';
import { OID } from '../x509/oids.js';

const CURVES: Readonly<Record<number, string>> = {
  256: OID.prime256v1,
  384: OID.secp384r1,
  521: OID.secp521r1,
};

/** RFC 7030 §4.5.2, RFC 8951 §3.3: the recommended key for requests of a profile. Any other good key is accepted too. */
export function csrAttributes({ keyType, keyLen }: { keyType: string; keyLen: number }): Buffer {
  const curve = CURVES[keyLen];
  if (keyType === 'ed25519') return sequence(oid(OID.ed25519));
  if (keyType !== 'ec' || curve === undefined) return sequence(oid(OID.rsaEncryption));
  return sequence(sequence(oid(OID.ecPublicKey), set(oid(curve))));
}
