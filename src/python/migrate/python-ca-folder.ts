import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { reasonCode } from '../../channel/reasons.js';
import { errorMessage } from '../../lib/error-message.js';
import { isFile, namesIn } from '../../lib/files.js';
import { isSignedBy, type ParsedCertificate, parseCertificate, publicKeyOf } from '../../x509/certificate.js';
import { parseCrl } from '../../x509/crl.js';
import { DerError } from '../../x509/der-error.js';
import { firstFromPem } from '../../x509/pem.js';
import type { Remark } from './report.js';
import { type Document, serialMember, timeMember, tinyDbDocuments } from './tinydb.js';

/** The content of a data folder of upki-ca. Serials in lower-case hex, times in ms. */
export interface PythonCaFolder {
  keyFile: string;
  certFile: string;
  root: ParsedCertificate;
  /** Certificates signed by the root; the Python CA keeps only the newest of a Common Name. */
  certificates: ParsedCertificate[];
  /** All assigned serials, with their Common Names. */
  serials: Map<string, string>;
  revocations: Map<string, { at: number; reason: number | null }>;
  /** Deletion times of certificates, by serial. */
  deleted: Map<string, number>;
  admins: string[];
  /** Parsed YAML by name. */
  profiles: Map<string, unknown>;
  /** Files of the keys the CA made for nodes, by Common Name. */
  keyFiles: Map<string, string>;
  config: { company: string | null; seed: string | null; crlValidity: number | null };
}

/** The folder is not one of upki-ca; the message says what is missing. */
export class NotAPythonCa extends Error {
  override readonly name = 'NotAPythonCa';
}

/**
 * Reads a data folder of upki-ca without changing it. Files that cannot be read become remarks.
 * @throws NotAPythonCa
 */
export async function readPythonCa(folder: string, remark: Remark): Promise<PythonCaFolder> {
  // With a separate data directory, upki-ca keeps key and certificate only in its storage.
  const keyFile = await firstThere(folder, ['ca.key', 'private/ca.key']);
  const certFile = await firstThere(folder, ['ca.crt', 'certs/ca.crt']);
  if (keyFile === null || certFile === null) {
    throw new NotAPythonCa(
      `${folder} is not a data folder of upki-ca: there is no ${keyFile ? 'ca.crt or certs/ca.crt' : 'ca.key or private/ca.key'}`,
    );
  }
  const root = await readRoot(certFile);
  const nodes = await documents(folder, '.nodes.json', remark);
  const serials = new Map<string, string>();
  for (const { serial, dn } of await documents(folder, '.serials.json', remark)) {
    const hex = serialMember(serial);
    if (hex !== null && hex !== root.serial) serials.set(hex, typeof dn === 'string' ? dn : '');
  }
  const admins = (await documents(folder, '.admins.json', remark)).flatMap(({ dn }) =>
    typeof dn === 'string' && dn !== '' ? [dn] : [],
  );
  return {
    keyFile,
    certFile,
    root,
    certificates: await readCertificates(folder, root, remark),
    serials,
    revocations: await readRevocations(folder, nodes, remark),
    deleted: readDeletions(nodes),
    admins: [...new Set(admins)],
    profiles: await readProfiles(folder, remark),
    keyFiles: await readKeyFiles(folder),
    config: await readConfig(folder, remark),
  };
}

async function readRoot(file: string): Promise<ParsedCertificate> {
  try {
    return parseCertificate(firstFromPem('CERTIFICATE', await readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof DerError) throw new NotAPythonCa(`${file}: ${error.message}`);
    throw error;
  }
}

async function readCertificates(
  folder: string,
  root: ParsedCertificate,
  remark: Remark,
): Promise<ParsedCertificate[]> {
  const rootKey = publicKeyOf(root);
  const certificates: ParsedCertificate[] = [];
  for (const file of await filesIn(folder, 'certs', /\.crt$/)) {
    await each(file, remark, async () => {
      const certificate = parseCertificate(firstFromPem('CERTIFICATE', await readFile(file, 'utf8')));
      if (certificate.serial === root.serial) return;
      if (isSignedBy(certificate, rootKey)) certificates.push(certificate);
      else remark(`${file}: was not signed by this CA and was left out`);
    });
  }
  return certificates.sort((left, right) => left.notBefore - right.notBefore);
}

/** Combines the CRL, which has no reasons, with the nodes, which have the reason of their last revocation only. */
async function readRevocations(
  folder: string,
  nodes: Document[],
  remark: Remark,
): Promise<PythonCaFolder['revocations']> {
  const revocations: PythonCaFolder['revocations'] = new Map();
  const crlFile = join(folder, 'crls/ca.crl');
  if (await isFile(crlFile)) {
    await each(crlFile, remark, async () => {
      for (const { serial, revokedAt, reason } of parseCrl(await readFile(crlFile)).entries) {
        revocations.set(serial, { at: revokedAt, reason });
      }
    });
  }
  for (const { revoked, revoke_serial, revoke_date, revoke_reason } of nodes) {
    const serial = serialMember(revoke_serial);
    if (revoked !== true || serial === null) continue;
    const listed = revocations.get(serial);
    const at = listed?.at ?? timeMember(revoke_date);
    if (at === null) continue;
    const reason = typeof revoke_reason === 'string' ? reasonCode(revoke_reason) : null;
    revocations.set(serial, { at, reason: reason ?? listed?.reason ?? null });
  }
  return revocations;
}

function readDeletions(nodes: Document[]): Map<string, number> {
  const deleted = new Map<string, number>();
  for (const node of nodes) {
    const serial = serialMember(node.revoke_serial);
    const at = timeMember(node.delete_date);
    if (node.deleted === true && serial !== null && at !== null) deleted.set(serial, at);
  }
  return deleted;
}

async function readProfiles(folder: string, remark: Remark): Promise<Map<string, unknown>> {
  const profiles = new Map<string, unknown>();
  for (const file of await filesIn(folder, 'profiles', /\.ya?ml$/)) {
    await each(file, remark, async () => {
      profiles.set(nameOf(file, /\.ya?ml$/), parseYaml(await readFile(file, 'utf8')));
    });
  }
  return profiles;
}

async function readKeyFiles(folder: string): Promise<Map<string, string>> {
  const files = await filesIn(folder, 'private', /\.key$/);
  return new Map(files.map((file) => [nameOf(file, /\.key$/), file]));
}

async function readConfig(folder: string, remark: Remark): Promise<PythonCaFolder['config']> {
  const config: PythonCaFolder['config'] = { company: null, seed: null, crlValidity: null };
  const file = join(folder, 'ca.config.yml');
  if (!(await isFile(file))) return config;
  await each(file, remark, async () => {
    const document: unknown = parseYaml(await readFile(file, 'utf8'));
    const { company, seed, crl_validity } = (document ?? {}) as Record<string, unknown>;
    // "Company Name" is the placeholder of upki-ca.
    if (typeof company === 'string' && company !== '' && company !== 'Company Name') config.company = company;
    if (typeof seed === 'string' && seed !== '') config.seed = seed;
    if (typeof crl_validity === 'number') config.crlValidity = crl_validity;
  });
  return config;
}

async function documents(folder: string, name: string, remark: Remark): Promise<Document[]> {
  const file = join(folder, name);
  if (!(await isFile(file))) return [];
  let found: Document[] = [];
  await each(file, remark, async () => {
    found = tinyDbDocuments(await readFile(file, 'utf8'));
  });
  return found;
}

/** Reads one file; an error becomes a remark, so that the migration continues. */
async function each(file: string, remark: Remark, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    const [why] = errorMessage(error).split('\n');
    remark(`${file}: ${why}; it was left out`);
  }
}

async function filesIn(folder: string, name: string, pattern: RegExp): Promise<string[]> {
  const files = (await namesIn(join(folder, name))).filter((file) => pattern.test(file));
  return files.sort().map((file) => join(folder, name, file));
}

const nameOf = (file: string, ending: RegExp) => file.slice(file.lastIndexOf('/') + 1).replace(ending, '');

async function firstThere(folder: string, names: string[]): Promise<string | null> {
  for (const name of names) if (await isFile(join(folder, name))) return join(folder, name);
  return null;
}
