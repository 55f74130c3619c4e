import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { caPaths, initCaFiles } from '../../ca/folder/files.js';
import { publicKeyDer, saveKey } from '../../ca/folder/keys.js';
import { nodeOf } from '../../ca/issue/keys-made-here.js';
import { BLANK_RECORD, recordOf } from '../../ca/issue/lost-record.js';
import { MIN_SEED_LENGTH } from '../../channel/curve-keys.js';
import { isFile, writeDurably } from '../../lib/files.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CaStore, CertificateRecord } from '../../store/contract/ca.js';
import type { ParsedCertificate } from '../../x509/certificate.js';
import { DerError } from '../../x509/der-error.js';
import type { PythonCaFolder } from './python-ca-folder.js';
import {
  convertProfile,
  type ProfileMarks,
  ProfileNotConverted,
  PYTHON_PROFILES,
  profileOf,
} from './python-profile.js';
import type { PythonOrder } from './python-ra-database.js';
import type { Progress, Report } from './report.js';

interface CaImport {
  source: PythonCaFolder;
  /** The new CA's own folder. */
  dataDir: string;
  /** Passphrase that encrypts keys at rest. */
  passphrase: string | null;
  company: string;
  /** Orders of the Python RA by the serial of their certificate, with these certificates. */
  orders: ReadonlyMap<string, PythonOrder>;
  ordered: readonly ParsedCertificate[];
  report: Report;
  progress: Progress;
  clock(): number;
}

/** The actor in the audit log. */
const MIGRATION: Actor = { who: 'upki migrate', from: 'local' };

/** Large enough for group commits, small enough for memory and progress reports. */
const BATCH = 200;

/**
 * Makes the folder a CA with the Python CA's key, certificate, profiles and settings. The root continues to issue
 * certificates itself, so that its CRL lists old and new certificates.
 * @throws InitError, CaCertificateError, KeyFileError
 */
export async function importCaFiles(task: CaImport): Promise<Map<string, ProfileMarks>> {
  const { source, dataDir, passphrase, report } = task;
  const { config, keyFile, certFile } = source;
  const seed = config.seed !== null && config.seed.length >= MIN_SEED_LENGTH ? config.seed : null;
  const before = await isFile(caPaths(dataDir).issuer);
  await initCaFiles({
    dataDir,
    company: config.company ?? task.company,
    keyType: 'rsa',
    passphrase,
    imported: { keyFile, certFile, passphrase, issuesItself: true },
    seed,
    clock: task.clock,
  });
  report.count('CA key and certificate', !before);
  if (config.seed !== null && seed === null && !before) {
    report.remark(
      `the registration seed has ${config.seed.length} characters, too few for curve mode: a new one is in ${caPaths(dataDir).seed}`,
    );
  }
  await writeConfig(task);
  return importProfiles(task);
}

async function writeConfig({ source, dataDir }: CaImport): Promise<void> {
  const path = caPaths(dataDir).config;
  if (await isFile(path)) return;
  const { company, crlValidity } = source.config;
  const lines = [
    '# Settings of this CA, migrated from upki-ca. A flag or an environment variable overrides them.',
  ];
  if (company !== null) lines.push(`company: ${JSON.stringify(company)}`);
  if (crlValidity !== null) lines.push(`crl_validity: ${crlValidity}`);
  await writeDurably(path, `${lines.join('\n')}\n`, 0o600);
}

async function importProfiles({ source, dataDir, report }: CaImport): Promise<Map<string, ProfileMarks>> {
  const known = new Map(PYTHON_PROFILES);
  for (const [name, document] of source.profiles) {
    try {
      const { name: ours, fields, yaml, changes } = convertProfile(name, document);
      known.set(ours, { ...fields, isCa: fields.pathLen !== undefined });
      const path = join(caPaths(dataDir).profiles, `${ours}.yml`);
      const there = await isFile(path);
      if (!there) await writeDurably(path, yaml, 0o600);
      report.count('profiles', !there);
      if (!there && changes.length > 0) report.remark(`profile ${name}: ${changes.join('; ')}`);
    } catch (error) {
      if (!(error instanceof ProfileNotConverted)) throw error;
      report.remark(`profile ${name} was left out: ${error.message}`);
    }
  }
  return known;
}

/** Migrates certificates, revocations, administrators, and the nodes whose keys the Python CA has. */
export async function importCaRecords(
  task: CaImport,
  store: CaStore,
  profiles: ReadonlyMap<string, ProfileMarks>,
): Promise<void> {
  const { source, report } = task;
  await importCertificates(task, store, profiles);
  for (const [serial, { at, reason }] of source.revocations) {
    const outcome = await store.revoke(serial, at, reason, MIGRATION);
    if (outcome !== 'unknown') report.count('revocations', outcome === 'revoked');
  }
  for (const [serial, at] of source.deleted) await store.markDeleted(serial, at, MIGRATION);
  for (const dn of source.admins) {
    // The Python CA identifies its administrators by name.
    const admin = { dn, role: 'admin' as const, addedAt: task.clock(), byName: true };
    report.count('administrators', await store.addAdmin(admin, MIGRATION));
  }
  await importNodes(task, store);
}

/** Imports the oldest first, so that the newest certificate of a name is stored last. */
async function importCertificates(
  task: CaImport,
  store: CaStore,
  profiles: ReadonlyMap<string, ProfileMarks>,
): Promise<void> {
  const { source, orders, report, progress } = task;
  const bySerial = new Map([...task.ordered, ...source.certificates].map((each) => [each.serial, each]));
  const whole = [...bySerial.values()].sort((left, right) => left.notBefore - right.notBefore);
  const records = [
    ...withoutCertificate(source, bySerial),
    ...whole.flatMap((each) => readRecord(each, orders.get(each.serial), profiles, report)),
  ];
  for (let done = 0; done < records.length; done += BATCH) {
    await Promise.all(
      records.slice(done, done + BATCH).map(async (record) => {
        const kind = record.der.length === 0 ? 'certificates known by serial only' : 'certificates';
        if ((await store.findBySerial(record.serial)) !== null) return report.count(kind, false);
        const { created } = await store.recordCertificate(record, MIGRATION);
        report.count(kind, created);
      }),
    );
    progress('certificates', Math.min(done + BATCH, records.length), records.length);
  }
}

function readRecord(
  certificate: ParsedCertificate,
  order: PythonOrder | undefined,
  profiles: ReadonlyMap<string, ProfileMarks>,
  report: Report,
): CertificateRecord[] {
  try {
    const facts = {
      profile: order?.profile ?? profileOf(certificate, profiles),
      orderId: order?.id ?? null,
      accountId: order?.accountId ?? null,
      issuedAt: certificate.notBefore,
    };
    return [recordOf(certificate, facts)];
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    report.remark(`certificate ${certificate.serial}: ${error.message}; it was left out`);
    return [];
  }
}

/**
 * Certificates that were replaced by another one of the same name. The Python CA keeps only their serials, by which they can be
 * revoked and stay on the CRL. Their expiry is unknown, so the CA's own is used.
 */
function withoutCertificate(
  { serials, revocations, root }: PythonCaFolder,
  whole: ReadonlyMap<string, ParsedCertificate>,
): CertificateRecord[] {
  const names = new Map([...[...revocations.keys()].map((serial) => [serial, ''] as const), ...serials]);
  return [...names]
    .filter(([serial]) => !whole.has(serial))
    .map(([serial, cn]) => {
      const { notBefore, notAfter } = root;
      const der = Buffer.alloc(0);
      return { ...BLANK_RECORD, serial, cn, der, notBefore, notAfter, issuedAt: notBefore };
    });
}

/** Imports nodes: the names for which the Python CA made a key. Our CA stores keys by serial. */
async function importNodes({ source, dataDir, passphrase, report }: CaImport, store: CaStore): Promise<void> {
  for (const [cn, file] of source.keyFiles) {
    const certificate = source.certificates.findLast((each) => each.commonName === cn);
    if (certificate === undefined) continue;
    try {
      const key = createPrivateKey(await readFile(file));
      // The node now has a key of its own; the file belongs to an earlier certificate.
      if (!publicKeyDer(key).equals(certificate.spki)) continue;
      const path = join(caPaths(dataDir).privateKeys, `${certificate.serial}.key`);
      const there = await isFile(path);
      if (!there) await saveKey(path, key, passphrase);
      report.count('nodes and their keys', !there);
    } catch (error) {
      report.remark(`${file}: is not a readable private key and was left out (${(error as Error).name})`);
      continue;
    }
    const record = await store.findBySerial(certificate.serial);
    if (record === null || (await store.getNode(record.cn)) !== null) continue;
    await store.putNode(nodeOf(record), MIGRATION);
  }
}
