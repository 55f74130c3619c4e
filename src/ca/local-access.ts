import { type KeyObject, randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { ErrorCode, TaskError } from '../channel/errors.js';
import type { AdminRole } from '../model/administrators.js';
import type { Actor } from '../store/contract/audit.js';
import {
  type CaStore,
  type CertificateRecord,
  isShared,
  openCaStore,
  pathOf,
  shownLocation,
} from '../store/index.js';
import { parseCertificate } from '../x509/certificate.js';
import { type PublicKeyInfo, parsePublicKey } from '../x509/spki.js';
import { openAuthorities } from './authorities/open.js';
import { bindDatabase, requireDatabaseFile } from './folder/database.js';
import { generateKey, type KeySpec, publicKeyDer } from './folder/keys.js';
import { loadCaFiles, readMarker } from './folder/load.js';
import { caPaths } from './folder/paths.js';
import { Certifier } from './issue/certifier.js';
import { ADMINISTRATOR_CERTIFICATES } from './issue/entitlement.js';
import { namesFor } from './issue/names.js';
import { loadProfiles } from './issue/profiles.js';
import { readRequest } from './issue/requests.js';
import { Administrators } from './peers/administrators.js';
import { Revocation } from './revoke/revocation.js';

/** The settings that become part of certificates, as the CA's process used them last. */
interface ServedSettings {
  /** Base of the URLs of CRL and issuer. */
  publicUrl: string | null;
  /** Organisation in the subjects of profiles that name none. */
  company: string | null;
}

const SERVED = 'served';
/** Only the CA's process makes successors, not a command that issues. */
const NEVER = 1;

/** Stores the settings, so that a command without the CA's environment makes the same certificates. */
export async function rememberServed(store: CaStore, { publicUrl, company }: ServedSettings): Promise<void> {
  await store.putSetting(SERVED, JSON.stringify({ publicUrl, company }));
}

interface LocalCaOptions extends ServedSettings {
  dataDir: string;
  /** Like openLocalStore; for messages. */
  databaseUrl?: string | null;
  /** Opens keys that are encrypted at rest. */
  passphrase: string | null;
  clock: () => number;
  /** Other CAs, with folders of their own, may be on the store. */
  shared: boolean;
  log: Logger;
}

/** The base of the URLs in certificates that the CA's process used last, else the given one. */
export async function servedUrl(store: CaStore, given: string | null): Promise<string | null> {
  const served = await store.getSetting(SERVED);
  return served === null ? given : (JSON.parse(served) as ServedSettings).publicUrl;
}

/**
 * Opens the store of a CA on this machine for a command. The CA's process may continue to run; it sees every
 * change at once. `databaseUrl` null: the file in the CA's folder.
 * @throws InitError when the database this CA had is lost
 */
export async function openLocalStore(dataDir: string, databaseUrl: string | null): Promise<CaStore> {
  const location = databaseLocation(dataDir, databaseUrl);
  if (!isShared(location)) {
    const marker = await readMarker(caPaths(dataDir).marker);
    await requireDatabaseFile(pathOf(location), marker, dataDir);
  }
  return openCaStore(location);
}

/** The URL, or the file in the CA's folder. */
const databaseLocation = (dataDir: string, databaseUrl: string | null): string =>
  databaseUrl ?? caPaths(dataDir).database;

/**
 * Opens the CA for a command on its machine that issues. The settings that the CA's process used last take
 * precedence over the given ones.
 * @throws InitError, CaCertificateError, KeyFileError, ProfileError
 */
export async function openLocalCa(
  store: CaStore,
  { dataDir, databaseUrl = null, passphrase, clock, shared, log, ...given }: LocalCaOptions,
): Promise<Certifier> {
  const files = await loadCaFiles({ dataDir, passphrase, seed: null });
  const location = shownLocation(databaseLocation(dataDir, databaseUrl));
  await bindDatabase({ store, files, dataDir, location });
  const served = await store.getSetting(SERVED);
  const { publicUrl, company }: ServedSettings = served === null ? given : JSON.parse(served);
  const { set } = await openAuthorities(store, files, {
    ...{ dataDir, passphrase, publicUrl, shared, clock, log },
    succeedAt: NEVER,
  });
  const profiles = await loadProfiles(files.profiles, company);
  return new Certifier({ store, set, profiles, clock, random: randomBytes });
}

/**
 * Revocation for a command. The CA's process reads from the database that its CRL is out of date and which
 * peers it must disconnect.
 */
export function localRevocation(store: CaStore, clock: () => number): Revocation {
  return new Revocation({
    certifier: { store, clock },
    crls: { publish: () => undefined },
    peers: { look: async () => undefined },
    log: { info: () => undefined, error: () => undefined },
  });
}

export function localAdministrators(store: CaStore, clock: () => number): Administrators {
  return new Administrators({ store, clock, revocation: localRevocation(store, clock) });
}

interface NewAdministratorOptions {
  /** The administrator's common name. */
  name: string;
  /** Null: the role of the existing entry, else `admin`. */
  role: AdminRole | null;
  /** PEM of a CSR by the holder of the key; null: a key is made here. */
  csr: string | null;
  by: Actor;
}

export interface EnrolledAdministrator {
  /** The new key, which the CA does not store; null for a CSR. */
  key: KeyObject | null;
  certificate: CertificateRecord;
  role: AdminRole;
}

/** Small, fast, and accepted by every browser and key store. */
const ADMIN_KEY: KeySpec = { type: 'ec', curve: 'P-256' };

/**
 * Makes an administrator's certificate with the rights of the entry of its name, which is added if it is
 * absent.
 * @throws TaskError for an invalid name, or a key that was taken from an administrator
 */
export async function enrolAdministrator(
  certifier: Certifier,
  { name, role, csr, by }: NewAdministratorOptions,
): Promise<EnrolledAdministrator> {
  const profile = certifier.leafProfile('admin');
  const names = namesFor(profile, name, []);
  const { key, publicKey } = csr === null ? await newKey() : { key: null, ...readRequest(csr) };
  await refuseFormerKey(certifier.store, publicKey.spki);
  const entitlement = ADMINISTRATOR_CERTIFICATES;
  const { certificate } = await certifier.issue({ profile, publicKey, names, by, entitlement });
  const given = await localAdministrators(certifier.store, certifier.clock).cover(certificate, role, by);
  return { key, certificate, role: given };
}

async function newKey(): Promise<{ key: KeyObject; publicKey: PublicKeyInfo }> {
  const key = await generateKey(ADMIN_KEY);
  return { key, publicKey: parsePublicKey(publicKeyDer(key)) };
}

/** Refuses a key whose administrator's certificate was revoked, for example by removing the administrator. @throws TaskError */
async function refuseFormerKey(store: CaStore, spki: Buffer): Promise<void> {
  const former = (await store.listAdminCertificates()).find(
    ({ der, revokedAt }) => revokedAt !== null && der.length > 0 && parseCertificate(der).spki.equals(spki),
  );
  if (former === undefined) return;
  throw new TaskError(
    ErrorCode.certificate,
    `the key of the request was ${former.cn}'s and that certificate is revoked: make a new key`,
    'badCSR',
  );
}
