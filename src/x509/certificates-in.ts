import { DerError } from './der-error.js';
import { DerReader } from './der-reader.js';
import { OID } from './oids.js';
import { fromPem } from './pem.js';
import { contextConstructed, TAG } from './tags.js';

/** Longer than any real chain. */
const MOST = 100;

/**
 * DER of the certificates in a file, in the file's order. Reads the formats other CAs deliver: PEM, a single certificate in
 * DER, or a certificates-only PKCS #7 message (RFC 5652 §5, `.p7b`) in PEM or DER.
 * @throws DerError when the file has no certificate, or is damaged
 */
export function certificatesFrom(content: Buffer): Buffer[] {
  const text = content.toString('latin1');
  if (content[0] === TAG.sequence && !text.startsWith('-----')) return fromDer(content);
  const found = [
    ...fromPem('CERTIFICATE', text).flatMap(fromDer),
    ...fromPem('PKCS7', text).flatMap(carried),
    ...fromPem('CMS', text).flatMap(carried),
  ];
  if (found.length === 0) throw new DerError('there is no certificate in it (PEM, DER or PKCS #7)');
  return bounded(found);
}

function fromDer(der: Buffer): Buffer[] {
  const outer = new DerReader(der, 'certificate').sequence('certificate');
  return outer.peek() === TAG.oid ? carried(der) : [der];
}

/** The certificates of a SignedData. Attribute certificates and other alternatives of its CHOICE are skipped. */
function carried(der: Buffer): Buffer[] {
  const what = 'PKCS #7';
  const message = new DerReader(der, what).sequence(what);
  if (message.oid(what) !== OID.pkcs7SignedData) throw new DerError(`${what}: carries no certificates`);
  const signed = message.enter(contextConstructed(0), what).sequence(what);
  signed.smallInteger(what);
  signed.expect(0x31, what);
  signed.expect(TAG.sequence, what);
  if (signed.peek() !== contextConstructed(0)) throw new DerError(`${what}: carries no certificates`);
  const list = signed.enter(contextConstructed(0), what);
  const found: Buffer[] = [];
  while (!list.done) {
    const each = list.next();
    if (each.tag === TAG.sequence) found.push(each.bytes);
  }
  if (found.length === 0) throw new DerError(`${what}: carries no certificates`);
  return bounded(found);
}

function bounded(found: Buffer[]): Buffer[] {
  if (found.length > MOST) throw new DerError(`there are more than ${MOST} certificates in it`);
  return found;
}
