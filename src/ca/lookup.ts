import { ErrorCode, TaskError } from '../channel/errors.js';
import { parseSerial, serialToHex } from '../channel/serial.js';
import type { CertificateRecord, NodeRecord } from '../store/contract/ca.js';
import type { CaReader } from '../store/contract/readers.js';
import { type Attribute, attributeOf, type DistinguishedName, dnKey, readDn } from '../x509/name.js';
import { OID } from '../x509/oids.js';

/** Limit of certificates of one CN that are compared with a DN: more than years of renewals make. */
const MOST_OF_A_NAME = 100;

/** How a peer refers to a certificate. */
type CertificateReference = string | number | bigint;

/**
 * Finds the certificate that a peer refers to: the newest of a bare CN; the newest of a CN whose subject does
 * not contradict a DN (`/CN=x`, `/O=…/CN=x`, `CN=x,O=…`); or the one of a serial (integer, digits, hex).
 * @throws TaskError "Certificate not found", as recorded.
 */
export async function findCertificate(
  store: CaReader,
  reference: CertificateReference,
): Promise<CertificateRecord> {
  const found = await find(store, reference);
  if (found !== null) return found;
  throw certificateNotFound(reference);
}

/** The contract's error for an unknown certificate. */
export function certificateNotFound(reference: CertificateReference): TaskError {
  return new TaskError(ErrorCode.certificate, `Certificate not found: ${reference}`, 'notFound');
}

/** The node with a CN, which may be given in any case: host names are stored in lower case. */
export async function findNode(store: Pick<CaReader, 'getNode'>, cn: string): Promise<NodeRecord | null> {
  return (await store.getNode(cn)) ?? (await store.getNode(cn.toLowerCase()));
}

async function find(store: CaReader, reference: CertificateReference): Promise<CertificateRecord | null> {
  if (typeof reference !== 'string') {
    const serial = serialToHex(reference);
    return serial === null ? null : store.findBySerial(serial);
  }
  // A CN may hold "=" or "/", so the bare CN is tried first.
  // Host names are stored in lower case.
  const named =
    (await store.findNewestByCn(reference)) ?? (await store.findNewestByCn(reference.toLowerCase()));
  if (named !== null) return named;
  if (reference.includes('=')) return findByDn(store, reference);
  const serial = parseSerial(reference);
  return serial === null ? null : store.findBySerial(serial);
}

async function findByDn(store: CaReader, text: string): Promise<CertificateRecord | null> {
  const wanted = readDn(text);
  const cn = wanted && attributeOf(wanted, OID.commonName);
  if (!wanted || !cn) return null;
  const exact = await store.listByCn(cn, MOST_OF_A_NAME);
  const records = exact.length > 0 ? exact : await store.listByCn(cn.toLowerCase(), MOST_OF_A_NAME);
  // `/CN=x` means the same as the bare CN, and also finds certificates without a subject.
  if (wanted.flat().length === 1) return records[0] ?? null;
  return records.find((record) => !contradicts(wanted, readDn(record.dn) ?? [])) ?? null;
}

/**
 * A DN contradicts a subject when an attribute that both have differs. An attribute that the subject lacks is
 * no contradiction: a TLS server's certificate has only the common name of its holder's DN.
 */
function contradicts(wanted: DistinguishedName, subject: DistinguishedName): boolean {
  const same = (left: Attribute, right: Attribute) => dnKey([[left]]) === dnKey([[right]]);
  const has = subject.flat();
  return wanted.flat().some((attribute) => {
    const values = has.filter(({ type }) => type === attribute.type);
    return values.length > 0 && !values.some((value) => same(value, attribute));
  });
}
