import { X509Certificate } from 'node:crypto';
import { isNamed } from '../ca/issue/lost-record.js';
import { errorMessage } from '../lib/error-message.js';
import {
  type CheckedStore,
  openAudit,
  openForCheck,
  type StoredCertificate,
  verifyAudit,
} from '../store/index.js';
import { certificateFingerprint, parseCertificate } from '../x509/certificate.js';
import { fromPem } from '../x509/pem.js';
import type { Part, PartLayout } from './layout.js';

/** The checked files, and each fault as a sentence. */
interface Checked {
  certificates: number;
  records: number;
  faults: string[];
}

/** Limit of faults reported for one database. */
const MOST_FAULTS = 20;

/**
 * Checks a program's database without writing: pages and indexes, every certificate (the RA's by its fingerprint, the CA's by
 * the signature of `issuers`), and the audit log.
 * @param issuers PEM of the CA's certificates. A certificate that none of them signed is a fault only if its issuer is among them.
 */
export async function checkStore({ part, database }: PartLayout, issuers: string): Promise<Checked> {
  const checked: Checked = { certificates: 0, records: 0, faults: [] };
  await checkDatabase(database, part, issuers, checked);
  if (checked.faults.length < MOST_FAULTS) await checkAudit(database, part, checked);
  return checked;
}

async function checkDatabase(database: string, part: Part, issuers: string, checked: Checked): Promise<void> {
  const { faults } = checked;
  let store: CheckedStore;
  try {
    store = await openForCheck(database, part);
  } catch (error) {
    faults.push(`it cannot be read: ${errorMessage(error)}`);
    return;
  }
  try {
    faults.push(...(await store.complaints(MOST_FAULTS)));
    const own = [...fromPem('CERTIFICATE', issuers), ...(await store.authorities())];
    const authorities = own.map((der) => new X509Certificate(der));
    for await (const certificate of store.certificates()) {
      checked.certificates += 1;
      if (faults.length < MOST_FAULTS && !isWhole(certificate, authorities)) {
        faults.push(`the certificate with the serial ${certificate.serial} is not the one that was issued`);
      }
    }
  } catch (error) {
    faults.push(`it cannot be read to its end: ${errorMessage(error)}`);
  } finally {
    await store.close();
  }
}

function isWhole(
  { serial, content, fingerprint, identifiers }: StoredCertificate,
  authorities: readonly X509Certificate[],
): boolean {
  // Migrated from another program that stored only the serial.
  if (content.length === 0) return true;
  try {
    const [leaf] = typeof content === 'string' ? fromPem('CERTIFICATE', content) : [Buffer.from(content)];
    if (leaf === undefined) return false;
    const parsed = parseCertificate(leaf);
    if (parsed.serial !== serial) return false;
    if (fingerprint !== null) return certificateFingerprint(leaf) === fingerprint;
    if (!isNamed(parsed, JSON.parse(identifiers))) return false;
    const certificate = new X509Certificate(leaf);
    const named = authorities.filter((each) => each.subject === certificate.issuer);
    return named.length === 0 || named.some((each) => certificate.verify(each.publicKey));
  } catch {
    return false;
  }
}

async function checkAudit(database: string, part: 'ca' | 'ra', checked: Checked): Promise<void> {
  try {
    const reader = await openAudit(database, part);
    try {
      const { records, fault } = await verifyAudit(reader);
      checked.records = records;
      if (fault !== null) {
        const { chain, sequence } = fault.position;
        checked.faults.push(`audit record ${chain}:${sequence}: ${fault.reason}`);
      }
    } finally {
      await reader.close();
    }
  } catch (error) {
    checked.faults.push(`the audit log cannot be read: ${errorMessage(error)}`);
  }
}
