import { join } from 'node:path';
import { caPaths } from '../../ca/folder/files.js';
import { isFile } from '../../lib/files.js';
import { openCaStore, openRaStore } from '../../store/index.js';
import { isSignedBy, type ParsedCertificate, parseCertificate, publicKeyOf } from '../../x509/certificate.js';
import { DerError } from '../../x509/der-error.js';
import { firstFromPem } from '../../x509/pem.js';
import { importCaFiles, importCaRecords } from './import-ca.js';
import { importRaRecords, importRaSettings } from './import-ra.js';
import { type PythonCaFolder, readPythonCa } from './python-ca-folder.js';
import { type PythonOrder, type PythonRaDatabase, readPythonRa } from './python-ra-database.js';
import { type Progress, Report } from './report.js';

export interface MigrationOptions {
  /** Data folder of upki-ca, and of upki-ra if it is migrated too. */
  from: { ca: string; ra: string | null };
  /** Folders of the new CA and RA, and their databases if those are elsewhere. */
  to: { ca: string; ra: string; caDatabase: string | null; raDatabase: string | null };
  passphrase: string | null;
  company: string;
  progress: Progress;
  clock(): number;
}

/** The folder is not one of upki-ra: it has no acme.db. */
export class NotAPythonRa extends Error {
  override readonly name = 'NotAPythonRa';
}

/**
 * Migrates everything that is not here yet. The source is only read. All fatal errors are found before anything is written,
 * except an existing CA with another key.
 * @throws NotAPythonCa, NotAPythonRa, InitError, CaCertificateError, KeyFileError
 */
export async function migrateFromPython({ from, to, ...how }: MigrationOptions): Promise<Report> {
  const report = new Report();
  const source = await readPythonCa(from.ca, report.remark);
  const ra = from.ra === null ? null : await readRa(from.ra, report);
  const issued = ordersOfCa(source, ra?.orders ?? [], report);

  const task = {
    source,
    dataDir: to.ca,
    orders: new Map(issued.map(({ order, certificate }) => [certificate.serial, order])),
    ordered: issued.map(({ certificate }) => certificate),
    report,
    ...how,
  };
  const profiles = await importCaFiles(task);
  const caStore = await openCaStore(to.caDatabase ?? caPaths(to.ca).database);
  try {
    await importCaRecords(task, caStore, profiles);
  } finally {
    await caStore.close();
  }
  if (ra === null || from.ra === null) return report;
  await importRaSettings(from.ra, to.ra, report);
  const raStore = await openRaStore(to.raDatabase ?? join(to.ra, 'acme.db'));
  try {
    const certificates = new Map(issued.map(({ order, certificate }) => [order.id, certificate]));
    const { revocations } = source;
    await importRaRecords({ source: ra, certificates, revocations, report, progress: how.progress }, raStore);
  } finally {
    await raStore.close();
  }
  return report;
}

async function readRa(folder: string, report: Report): Promise<PythonRaDatabase> {
  const file = join(folder, 'acme.db');
  if (!(await isFile(file))) {
    throw new NotAPythonRa(`${folder} is not a data folder of upki-ra: there is no acme.db`);
  }
  return readPythonRa(file, report.remark);
}

/** Orders whose certificate this CA signed. Orders with a certificate of another CA are left out. */
function ordersOfCa(
  { root }: PythonCaFolder,
  orders: readonly PythonOrder[],
  { remark }: Report,
): { order: PythonOrder; certificate: ParsedCertificate }[] {
  const rootKey = publicKeyOf(root);
  return orders.flatMap((order) => {
    try {
      const certificate = parseCertificate(firstFromPem('CERTIFICATE', order.chain));
      // A chain without its leaf begins with the root, which is self-signed.
      const isLeaf = certificate.serial !== root.serial;
      if (isLeaf && isSignedBy(certificate, rootKey)) return [{ order, certificate }];
      remark(`order ${order.id}: its certificate was not signed by this CA; it was left out`);
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      remark(`order ${order.id}: ${error.message}; it was left out`);
    }
    return [];
  });
}
